/** The demo: shows the program on a real PostgreSQL and a folder, with nothing else on the machine. */

import { Console, Effect, Option, Runtime, Schema, Stream } from "effect"
import { fenceProbeKey, parseKey, watermarkKey } from "../../core/lake/ObjectKey.ts"
import type { replaySections, SqlSections, shopSections } from "../../core/source/SqlSections.ts"
import { counted } from "../../core/text/CountedNoun.ts"
import * as Pipeline from "../../Pipeline.ts"
import { ObjectStore, type StoredObject } from "../../services/lake/ObjectStore.ts"
import { StopSignal } from "../../services/StopSignal.ts"
import { DemoDatabase } from "../../services/source/DemoDatabase.ts"
import { treeLines } from "./Tree.ts"

export interface DemoScripts {
  readonly shop: SqlSections<(typeof shopSections)[number]>
  readonly replay: SqlSections<(typeof replaySections)[number]>
}

/** Lake and table differ, which is a bug of this program: exit 4. */
export class DemoDifference extends Schema.TaggedError<DemoDifference>()("DemoDifference", {
  differences: Schema.String,
}) {
  override readonly [Runtime.errorExitCode] = 4
  override get message(): string {
    return `The lake and the table differ in ${this.differences === "unknown" ? "unknown rows" : counted(Number(this.differences), "row")}. Please report this with the output above.`
  }
}

const heading = (text: string) => Console.log(`\n── ${text}`)

const readText = Effect.fnUntraced(function* (key: string) {
  const store = yield* ObjectStore
  const chunks = yield* Stream.runCollect(store.read(key))
  return Buffer.concat([...chunks])
})

const lakeObjects = Effect.gen(function* () {
  const store = yield* ObjectStore
  return yield* Stream.runCollect(store.list(""))
})

/** The size of an object, with its purpose if the name is not clear to a newcomer. */
const noteOf = ({ key, bytes }: StoredObject): string =>
  key === fenceProbeKey
    ? `${counted(bytes, "byte")}, on which cdc checks that the store refuses a taken name`
    : counted(bytes, "byte")

/** Creates only the table and its first rows: `init --demo`. */
export const makeShop = Effect.fn("Demo.makeShop")(function* ({ shop }: DemoScripts) {
  const database = yield* DemoDatabase
  yield* database.run(shop.schema)
  yield* database.run(shop.rows)
  const [count] = yield* database.query("SELECT count(*) AS rows FROM db_loja.cliente")
  yield* Console.log(`table db_loja.cliente: ${counted(Number(count?.["rows"]), "row")}`)
})

export const run = Effect.fn("Demo.run")(function* (scripts: DemoScripts) {
  const database = yield* DemoDatabase
  const { shop } = scripts

  yield* heading("A shop with customers, a publication and a logical slot (query/demo_cdc_cliente_sync.sql)")
  yield* makeShop(scripts)
  yield* database.run(shop.publication)
  yield* database.run(shop.slot)

  yield* heading("full: the whole table as it is now")
  yield* Effect.forEach(yield* Pipeline.full, ({ object, rows, bytes }) =>
    Console.log(`${object}  ${counted(rows, "row")}, ${counted(bytes, "byte")}`),
  )

  yield* heading("The shop goes on: INSERT, UPDATE, DELETE in seven transactions, and one rolled back")
  yield* database.run(shop.changes)

  yield* heading("cdc --once: only what changed")
  yield* Pipeline.cdc({ once: true, noWait: true })

  yield* heading("The lake")
  const objects = yield* lakeObjects
  yield* Console.log(
    treeLines(objects.map((object) => ({ path: object.key, note: noteOf(object) }))).join("\n"),
  )
  yield* heading("What inc holds, and the watermark beside it")
  yield* Effect.forEach(objects, ({ key }) =>
    key === watermarkKey || (key.startsWith("inc/") && Option.isSome(parseKey(key)))
      ? Effect.flatMap(readText(key), (bytes) => Console.log(`${key}\n${indented(bytes.toString("utf8"))}`))
      : Effect.void,
  )

  yield* heading(
    "Lake = table? PostgreSQL itself reads the lake back and replays it (query/replay_cliente.sql)",
  )
  yield* proveEqual(
    scripts,
    objects.map(({ key }) => key),
  )
})

/** Cuts long lines for the terminal; the objects hold them whole. */
const indented = (text: string): string =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => (line.length > 150 ? `    ${line.slice(0, 149)}…` : `    ${line}`))
    .join("\n")

const proveEqual = Effect.fnUntraced(function* ({ replay }: DemoScripts, keys: ReadonlyArray<string>) {
  const database = yield* DemoDatabase
  yield* database.run(replay.staging)
  for (const key of keys) {
    if (Option.isNone(parseKey(key))) continue
    const table = key.startsWith("full/") ? "pg_temp.lake_full" : "pg_temp.lake_inc"
    yield* database.load(`COPY ${table} FROM STDIN (FORMAT csv, HEADER)`, yield* readText(key))
  }
  yield* database.run(replay.replay)
  const [compared] = yield* database.query(replay.compare)
  const [count] = yield* database.query("SELECT count(*) AS rows FROM db_loja.cliente")
  const differences = compared?.["differences"] ?? "unknown"
  if (differences !== "0") return yield* new DemoDifference({ differences })
  yield* Console.log(`yes: ${counted(Number(count?.["rows"]), "row")}, 0 differences`)
})

/** `demo --keep`: prints how to continue by hand, and waits for a stop. */
export const keepRunning = (variables: Readonly<Record<string, string>>) =>
  heading("Still running, until Ctrl-C, which deletes the database and the lake. In another terminal:").pipe(
    Effect.andThen(
      Console.log(
        [
          ...Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`),
          "node dist/main.js cdc",
          `psql "$DATABASE_URL" -c "UPDATE db_loja.cliente SET saldo = saldo + 1 WHERE id = 1"`,
        ].join("\n"),
      ),
    ),
    Effect.andThen(Effect.flatMap(StopSignal, (stop) => stop.requested)),
  )
