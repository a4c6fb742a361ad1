/**
 * Starts a long run that is written in TypeScript, which Node 20 does not read: bundles it together with a copy of the
 * built program, so that a build made meanwhile changes nothing in it.
 */
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

/** The project's folder. */
const root = fileURLToPath(new URL("../../", import.meta.url))

/**
 * `run` gets the module of `entry`, and the places of the project and of the copied program. Beside the program are copied
 * `query` (the SQL of the role that the program works as), `package.json` and `files`. Without its `package.json` Node
 * would parse each module of the program twice, to see whether it is one: 5 MB and a fifth of the start-up.
 */
export const bundled = async (entry, files, run) => {
  // Inside `node_modules`, from where both find their packages.
  const cache = join(root, "node_modules", ".cache")
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, `${basename(dirname(entry))}-`))
  try {
    for (const path of ["dist", "query", "package.json", ...files])
      await cp(join(root, path), join(folder, path), { recursive: true })
    // As deep as the sources, which look for the program at `../../../dist`.
    const outfile = join(folder, "test", "support", "bundle", "main.mjs")
    await build({
      entryPoints: [join(root, entry)],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20.19",
      sourcemap: "inline",
      packages: "external",
    })
    return await run(await import(outfile), { root, program: join(folder, "dist", "main.js") })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
