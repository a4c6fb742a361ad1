/**
 * `npm run test:oracle -- --minutes 30 [--seed N] [--postgres 18.4.0-beta.17]`: bundles the test (Node 20 reads no TypeScript) together
 * with a copy of the built program, so that a build made meanwhile changes nothing in a long run, and runs it.
 */
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { installPostgres } from "../support/otherPostgres.mjs"

const root = fileURLToPath(new URL("../../", import.meta.url))
// Inside `node_modules`, from where both find their packages.
const cache = join(root, "node_modules", ".cache")
await mkdir(cache, { recursive: true })
const folder = await mkdtemp(join(cache, "oracle-"))
let other
try {
  await cp(join(root, "dist"), join(folder, "dist"), { recursive: true })
  // The SQL of the role that the program works as.
  await cp(join(root, "query"), join(folder, "query"), { recursive: true })
  // As deep as the sources, whose helpers look for the program at `../../dist`.
  const outfile = join(folder, "test", "oracle", "main.mjs")
  await build({
    entryPoints: [join(root, "test", "oracle", "main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    sourcemap: "inline",
    packages: "external",
  })
  const { main } = await import(outfile)
  const args = process.argv.slice(2)
  const at = args.indexOf("--postgres")
  const [, version] = at === -1 ? [] : args.splice(at, 2)
  if (version !== undefined) other = await installPostgres(version)
  process.exitCode = await main(args, other?.folder)
} finally {
  await rm(folder, { recursive: true, force: true })
  await other?.remove()
}
