/**
 * `npm run test:chaos -- --kills 25 --seed 42 --lake s3`: bundles the test (Node 20 reads no TypeScript) together with a
 * copy of the built program, so that a build made meanwhile changes nothing in a long run, and runs it.
 */
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const root = fileURLToPath(new URL("../../", import.meta.url))
// Inside `node_modules`, from where both find their packages.
const cache = join(root, "node_modules", ".cache")
await mkdir(cache, { recursive: true })
const folder = await mkdtemp(join(cache, "chaos-"))
try {
  await cp(join(root, "dist"), join(folder, "dist"), { recursive: true })
  // The SQL of the role that the program works as.
  await cp(join(root, "query"), join(folder, "query"), { recursive: true })
  // As deep as the sources, whose helpers look for SQL at `../../query`.
  const outfile = join(folder, "test", "chaos", "main.mjs")
  await build({
    entryPoints: [join(root, "test", "chaos", "main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    sourcemap: "inline",
    packages: "external",
  })
  const { main } = await import(outfile)
  process.exitCode = await main(process.argv.slice(2), join(folder, "dist", "main.js"))
} finally {
  await rm(folder, { recursive: true, force: true })
}
