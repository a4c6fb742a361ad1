/** The tarball that `npm pack` makes of the built project. */
import { execFile } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { cp, mkdir, symlink } from "node:fs/promises"
import { isBuiltin } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { temporaryFolder } from "../../support/lake/lakeFolder.ts"
import { runProgram, startProgram } from "../../support/program/program.ts"

const root = fileURLToPath(new URL("../../../", import.meta.url))

const Names = Schema.Record(Schema.String, Schema.String)
const readJson = (file: string): unknown => JSON.parse(readFileSync(join(root, file), "utf8"))
const manifest = Schema.decodeUnknownSync(
  Schema.Struct({
    version: Schema.String,
    bin: Names,
    dependencies: Names,
    optionalDependencies: Names,
  }),
)(readJson("package.json"))

const Locked = Schema.Struct({
  packages: Schema.Record(Schema.String, Schema.Struct({ dev: Schema.optional(Schema.Boolean) })),
})

/** Folders of the packages that npm installs with the tarball, as far as they are made for this machine. */
const installedWithIt = Object.entries(
  Schema.decodeUnknownSync(Locked)(readJson("package-lock.json")).packages,
)
  .filter(([folder, { dev = false }]) => folder !== "" && !dev && existsSync(join(root, folder)))
  .map(([folder]) => folder)

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

/** The package of `node_modules/@effect/platform-node/dist/x.js`, or of an import of `effect/Schema`; none of `./x.js`. */
const packageOf = (path: string): string | undefined =>
  /^(?:.*node_modules\/)?((?:@[\w-]+\/)?[a-z][\w.-]*)(?:\/|$)/.exec(path)?.[1]

const Sources = Schema.Struct({ sources: Schema.Array(Schema.String) })

/** Packages whose code is in the program: its source maps name each file. */
const bundledPackages = (): ReadonlySet<string> =>
  new Set(
    filesOf("dist")
      .filter((file) => file.endsWith(".map"))
      .flatMap((file) => Schema.decodeUnknownSync(Sources)(readJson(file)).sources)
      .filter((source) => source.includes("node_modules/"))
      .flatMap((source) => packageOf(source) ?? []),
  )

/** Packages that the built program names in an import: the servers of `demo` are chosen at run time, and not here. */
const loadedPackages = (): ReadonlySet<string> =>
  new Set(
    filesOf("dist")
      .filter((file) => file.endsWith(".js"))
      .flatMap((file) => [
        ...readFileSync(join(root, file), "utf8").matchAll(
          /^(?:import|export)\b[^"'\n]*["']([^"'\n]+)["'];?$|\b(?:import|__?require)\(["']([^"'\n]+)["']\)/gm,
        ),
      ])
      .map(([, statement, call]) => statement ?? call ?? "")
      .filter((name) => !isBuiltin(name))
      .flatMap((name) => packageOf(name) ?? []),
  )

/** `pg` and `ws` are faster with these, and do without them. */
const usedWherePresent = ["pg-native", "bufferutil", "utf-8-validate"]

describe("the npm package", () => {
  it.live("holds the program, its SQL, licenses and documents, and nothing of the workshop", () =>
    Effect.gen(function* () {
      const files = yield* packedFiles
      const expected = [
        ...Object.values(manifest.bin),
        "package.json",
        "LICENSE",
        "dist/THIRD_PARTY_NOTICES.txt",
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

  it("brings the license notices of every package whose code it holds", () => {
    const bundled = [...bundledPackages()]
    assert.includeMembers(bundled, ["effect", "@effect/platform-node", "pg", "minio"])
    const notices = readFileSync(join(root, "dist/THIRD_PARTY_NOTICES.txt"), "utf8")
    const named = [...notices.matchAll(/^-+\n\n(\S+) \S+ \(.+\)\n\n(?=\S)/gm)].map(([, name]) => name)
    assert.deepStrictEqual(
      bundled.filter((name) => !named.includes(name)),
      [],
    )
  })

  it("depends on the packages that its files load, and on no other", () => {
    const loaded = [...loadedPackages()].filter((name) => !usedWherePresent.includes(name))
    assert.deepStrictEqual(loaded.toSorted(), Object.keys(manifest.dependencies))
  })

  it.live(
    "runs demo and verify from an empty folder, with the packages that npm installs beside it",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        for (const installed of installedWithIt) {
          yield* Effect.promise(async () => {
            await mkdir(dirname(join(folder, installed)), { recursive: true })
            await symlink(join(root, installed), join(folder, installed))
          })
        }
        for (const file of yield* packedFiles) {
          yield* Effect.promise(async () => {
            await mkdir(dirname(join(folder, file)), { recursive: true })
            await cp(join(root, file), join(folder, file))
          })
        }
        const program = join(folder, manifest.bin["afluente"] ?? "")
        assert.match(readFileSync(program, "utf8"), /^#!\/usr\/bin\/env node\n/)
        const demo = yield* startProgram(["demo", "--keep"], {}, folder, program)
        yield* demo.says("psql")
        const { stdout: shown } = yield* demo.told
        assert.match(shown, /^yes: 12 rows, 0 differences$/m)
        const settings = Object.fromEntries(
          [...shown.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]),
        )
        const { code, stdout, stderr } = yield* runProgram(["verify"], settings, folder, program)
        assert.strictEqual(code, 0, stderr)
        assert.match(stdout, /^clientes {2}equal/m)
        yield* demo.signal("SIGINT")
        assert.strictEqual((yield* demo.outcome).code, 0)
      }),
    // A server, and three runs of the program one after another.
    120_000,
  )

  it.live("says its version", () =>
    Effect.gen(function* () {
      const { stdout } = yield* runProgram(["--version"], {})
      assert.strictEqual(stdout, `afluente ${manifest.version}\n`)
    }),
  )
})
