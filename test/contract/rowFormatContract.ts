/** What each format of rows does: rows that were appended are found again, and where the last one stands. */
import { assert } from "@effect/vitest"
import { Effect, Exit, Option, Stream } from "effect"
import * as Lsn from "../../src/core/Lsn.ts"
import { nextStamp, objectKey } from "../../src/core/lake/ObjectKey.ts"
import { ColumnsFit } from "../../src/core/row/ColumnsFit.ts"
import { type Columns, metaColumns } from "../../src/core/row/IncRow.ts"
import { RowTokenizer } from "../../src/core/slot/tokens/RowTokenizer.ts"
import { unprojected } from "../../src/core/slot/tokens/TableMemo.ts"
import { ObjectStore } from "../../src/services/lake/ObjectStore.ts"
import { type ObjectReader, RowFormat } from "../../src/services/lake/RowFormat.ts"
import { beginning } from "../support/memory/memoryWorld.ts"
import { lineAmongOthers } from "../support/slot/writtenRow.ts"

const stamp = nextStamp(Option.none(), beginning)
const commit = { lsn: "00000000/0000002A", xid: 7, at: "2025-11-03 10:15:30+00" }
const mark = (seq: number) => Option.some({ lsn: Lsn.Lsn.make(42n), seq, xid: 7, at: commit.at })

/** A column with the name of one of ours, and values that a format may be misled by. */
const columns: Columns = ["id", "_op", "nome"]
const fit = new ColumnsFit(columns)
const values = ["Ana", 'a "quoted", \nvalue', "''", "null", ""]
const lineOf = (value: string, id: number) =>
  `table loja.a: INSERT: id[integer]:${id} _op[text]:null nome[text]:'${value.replaceAll("'", "''")}'`

/** An object of `inc` with these values, in a transaction of its own. Returns its key. */
const written = Effect.fnUntraced(function* (names: ReadonlyArray<string>, writeEach = false) {
  const format = yield* RowFormat
  const store = yield* ObjectStore
  const batch = format.batch()
  batch.beginTransaction(commit)
  const rows = batch.dataset()
  const key = objectKey("inc", "single", "a", stamp, format.ending)
  const object = yield* rows.open(format.ending, columns, yield* store.create(key))
  const tokens = new RowTokenizer(unprojected)
  for (const [i, name] of names.entries()) {
    assert.isTrue(tokens.read(lineAmongOthers(lineOf(name, i))))
    rows.append(tokens, fit, i + 1)
    if (writeEach) yield* object.write
  }
  assert.strictEqual(rows.isEmpty, writeEach || names.length === 0)
  if (!rows.isEmpty) yield* object.write
  const { bytes } = yield* object.commit
  return { key, bytes, writtenAt: beginning }
}, Effect.scoped)

const csvOf = Effect.fnUntraced(function* (key: string) {
  const { records } = yield* RowFormat
  const pieces = yield* Stream.runCollect(records(yield* ObjectStore, key))
  return Buffer.concat(pieces).toString()
})

const lastRowOf = Effect.fnUntraced(function* (object: Effect.Success<ReturnType<typeof written>>) {
  const { lastRow } = yield* RowFormat
  return yield* lastRow(yield* ObjectStore, object)
})

type Case = readonly [behaviour: string, program: Effect.Effect<void, unknown, RowFormat | ObjectStore>]

const header = `${[...metaColumns, "id", "_op_", "nome"].join(",")}\n`
const printed = ["Ana", '"a ""quoted"", \nvalue"', "''", "null", '""']
const csv = `${header}${printed
  .map((value, i) => `I,${commit.lsn},${i + 1},7,${commit.at},,,${i},,${value}\n`)
  .join("")}`

export const rowFormatContract: ReadonlyArray<Case> = [
  [
    "gives the rows of an object as CSV, whatever it is stored as",
    Effect.gen(function* () {
      assert.strictEqual(yield* csvOf((yield* written(values)).key), csv)
    }),
  ],
  [
    "gives the same rows where they were written one by one",
    Effect.gen(function* () {
      assert.strictEqual(yield* csvOf((yield* written(values, true)).key), csv)
    }),
  ],
  [
    "finds where the last row stands",
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* lastRowOf(yield* written(values)), mark(values.length))
    }),
  ],
  [
    "finds where the last row stands, also where the row is long",
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* lastRowOf(yield* written(["Ana", "é,\n".repeat(100_000)])), mark(2))
    }),
  ],
  [
    "finds where the last row stands without holding the row, however long it is",
    Effect.gen(function* () {
      const object = yield* written(["Ana", "é,\n".repeat(1_600_000)])
      const store = yield* ObjectStore
      let longest = 0
      const reader: ObjectReader = {
        read: store.read,
        readRange: (key, offset, length) => {
          longest = Math.max(longest, length)
          return store.readRange(key, offset, length)
        },
      }
      assert.deepStrictEqual(yield* (yield* RowFormat).lastRow(reader, object), mark(2))
      assert.isAtMost(longest, 4 * 1024 * 1024)
    }),
  ],
  [
    "finds no row in an object that has none",
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* lastRowOf(yield* written([])), Option.none())
    }),
  ],
  [
    "finds the table's columns, under the names that the table gives them",
    Effect.gen(function* () {
      const format = yield* RowFormat
      const { key } = yield* written(values)
      assert.deepStrictEqual(yield* format.columns(yield* ObjectStore, key, false), columns)
    }),
  ],
  [
    "gives a copy's bytes as they came",
    Effect.gen(function* () {
      const { copies } = yield* RowFormat
      const store = yield* ObjectStore
      const key = objectKey("full", "single", "a", stamp, copies.ending)
      const copy = Effect.gen(function* () {
        const object = yield* copies.open(yield* store.create(key))
        yield* object.write(Buffer.from("id,nome\n"))
        yield* object.write(Buffer.from("1,Ana\n"))
        yield* object.commit
      })
      yield* Effect.scoped(copy)
      assert.strictEqual(yield* csvOf(key), "id,nome\n1,Ana\n")
    }),
  ],
  [
    "says of an object that is not one of ours that its last row cannot be read",
    Effect.gen(function* () {
      const { ending } = yield* RowFormat
      const key = objectKey("inc", "single", "a", stamp, ending)
      const store = yield* ObjectStore
      yield* store.put(key, Buffer.from("of another program\n"))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(lastRowOf({ key, bytes: 19, writtenAt: beginning }))))
    }),
  ],
]
