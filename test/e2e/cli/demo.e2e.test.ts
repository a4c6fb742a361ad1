/** The first things that a person does: `demo`, and `init`. */
import { chmod, mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryFolder as systemFolder } from "../../../layers/embedded/EmbeddedAccount.ts"
import { filesBelow } from "../../support/lake/lakeFolder.ts"
import { isAnswered } from "../../support/network/ports.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { runProgram, startProgram } from "../../support/program/program.ts"

/** Where all that `demo` makes shall lie. Open to others, because as root the server runs as another account. */
const scratchFolder = Effect.acquireRelease(
  Effect.promise(async () => {
    const folder = await mkdtemp(join(await systemFolder(), "demo-"))
    await chmod(folder, 0o755)
    return folder
  }),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true })),
)

describe.concurrent("demo", () => {
  it.live("shows the lake's tree and its rows, and proves that the lake is the table", () =>
    Effect.gen(function* () {
      const scratch = yield* scratchFolder
      const { code, stdout, stderr } = yield* runProgram(["demo"], { TMPDIR: scratch })
      assert.strictEqual(code, 0, stderr)
      for (const words of [
        /├── full\/\n│ {3}└── date=\d{8}\/\n.*_full_clientes_\d{8}_\d{6}\.json {2}\d+ bytes\n.*full_clientes_\d{8}_\d{6}\.csv {2}\d+ bytes\n/,
        /└── inc\/\n.*date=\d{8}\/\n.*_schema_clientes_\d{8}_\d{6}\.json {2}\d+ bytes\n.*cdc_\d{8}_\d{6}\.csv {2}\d+ bytes\n.*_fence_probe {2}0 bytes, on which cdc checks that .*\n.*_watermark\.txt {2}\d+ bytes\n\n/,
        /_op,_lsn,_seq,_xid,_commit_ts,_before,_unchanged,id,nome,/,
        /\n {4}U,[0-9A-F]{8}\/[0-9A-F]{8},.*"\{""id"":""3""\}",,1000003,/,
        /\n── What inc holds.*\ninc\/_watermark\.txt\n( {4}.*\n)+inc\/date=\d{8}\/cdc_\d{8}_\d{6}\.csv\n( {4}.*\n)+\n/,
        /yes: 12 rows, 0 differences\n$/,
      ]) {
        assert.match(stdout, words)
      }
    }),
  )

  it.live("leaves nothing behind", () =>
    Effect.gen(function* () {
      const scratch = yield* scratchFolder
      yield* runProgram(["demo"], { TMPDIR: scratch })
      assert.deepStrictEqual(yield* filesBelow(scratch), [])
    }),
  )

  it.live("--keep leaves it running with settings that work, until it is interrupted", () =>
    Effect.gen(function* () {
      const scratch = yield* scratchFolder
      const program = yield* startProgram(["demo", "--keep"], { TMPDIR: scratch })
      yield* program.says('psql "$DATABASE_URL"')
      const told = yield* program.told
      assert.include(told.stdout, "until Ctrl-C, which deletes the database and the lake")
      const settings = Object.fromEntries(
        [...told.stdout.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name = "", value = ""]) => [
          name,
          value,
        ]),
      )
      const port = Number(new URL(settings["DATABASE_URL"] ?? "").port)
      const { code } = yield* runProgram(["cdc", "--once"], settings)
      const before = yield* isAnswered(port)
      yield* program.signal("SIGINT")
      const ended = yield* program.outcome
      assert.deepStrictEqual(
        [code, before, ended.code, yield* isAnswered(port), yield* filesBelow(scratch)],
        [0, true, 0, false, []],
      )
    }),
  )
})

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("init", (it) => {
  it.effect("makes the folder and the slot, and finds them the second time", () =>
    Effect.gen(function* () {
      const { run, sql, slot, lake } = yield* openPipeline({ setup: "", tables: "public.t" })
      yield* Effect.promise(() => rm(lake.folder, { recursive: true }))
      const first = yield* run("init")
      const second = yield* run("init")
      const made = yield* sql("SELECT plugin FROM pg_replication_slots WHERE slot_name = $1", [slot])
      const lines = (how: string) => `lake  ${lake.url}: ${how}\nslot  ${slot} (test_decoding): ${how}\n`
      assert.deepStrictEqual(
        [first.code, first.stdout, second.code, second.stdout, made, yield* lake.keys],
        [0, lines("made"), 0, lines("is there"), [{ plugin: "test_decoding" }], []],
      )
    }),
  )

  it.effect("--demo also makes the shop, once, and full and cdc run on it with the default table", () =>
    Effect.gen(function* () {
      const { run, sql, lake, environment, database } = yield* openPipeline({
        setup: "",
        tables: "db_loja.cliente=clientes",
      })
      // It makes a schema and a table, which the program's own role cannot.
      const administrator = { ...environment, DATABASE_URL: database.superuserUrl }
      yield* runProgram(["init", "--demo"], administrator)
      yield* runProgram(["init", "--demo"], administrator)
      yield* sql("UPDATE db_loja.cliente SET ativo = NOT ativo")
      yield* run("full")
      yield* run("cdc", "--once")
      const [manifest] = yield* lake.manifests()
      assert.deepStrictEqual([manifest?.rows, (yield* lake.allRecords("inc/")).length], [12, 12])
    }),
  )
})
