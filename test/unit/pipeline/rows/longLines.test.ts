/** Lines that come in parts, as whole ones are written: wherever they are cut, whatever stands before and behind them. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Cause, Effect, Exit, Option, Schema, Sink, Stream } from "effect"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import { transactionReader } from "../../../../layers/slot/TransactionReader.ts"
import type { ObjectFence } from "../../../../src/cdc/rows/DatasetObjects.ts"
import { incObjects } from "../../../../src/cdc/rows/IncObjects.ts"
import { noSchema } from "../../../../src/cdc/rows/SchemaHistory.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"
import { nextStamp } from "../../../../src/core/lake/ObjectKey.ts"
import type { Cell, Change } from "../../../../src/core/slot/Change.ts"
import { LinePart, type PeekedLine, SlotLine } from "../../../../src/core/slot/SlotLine.ts"
import { printChange } from "../../../../src/core/slot/text/TestDecodingPrinter.ts"
import { Spool } from "../../../../src/services/Spool.ts"
import { maxLinesMax, type ReadTransactions } from "../../../../src/services/source/ChangeSource.ts"
import type { Transaction } from "../../../../src/services/source/Transaction.ts"
import {
  beginning,
  cliente,
  failureOf,
  incKeys,
  textsOf,
  world,
} from "../../../support/memory/memoryWorld.ts"

const drawnLine = Arbitrary.all({
  kind: Arbitrary.schema(Schema.Literals(["insert", "update", "unchanged", "delete", "other table"])),
  length: Arbitrary.schema(Schema.Literals([3, 5000, 40_000, 300_000])),
  piece: Arbitrary.schema(Schema.Literals(["x", "'", '"', "é,\n", "\\\x01'"])),
  isLong: Arbitrary.schema(Schema.Boolean),
})
type Drawn<T> = T extends Arbitrary.Arbitrary<infer A> ? A : never
type DrawnLine = Drawn<typeof drawnLine>

const small = (maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum })))
const drawn = Arbitrary.all({
  transactions: Arbitrary.array(Arbitrary.array(drawnLine, { minLength: 1, maxLength: 5 }), {
    minLength: 1,
    maxLength: 4,
  }),
  partBytes: Arbitrary.schema(Schema.Literals([997, 65_536, 10_000_000])),
  linesPerChunk: small(9),
})

const { table } = cliente
const id = { name: "id", type: "integer", value: "1" }
const active = { name: "ativo", type: "boolean", value: "true" }

const changeOf = ({ kind, length, piece }: DrawnLine): Change => {
  const text = Buffer.from(piece, "utf8").toString("latin1")
  const name = {
    name: "nome",
    type: "character varying",
    value: text.repeat(Math.ceil(length / text.length)),
  }
  const row: ReadonlyArray<Cell> = [id, name, active]
  switch (kind) {
    case "insert":
      return { _tag: "Insert", table, row }
    case "update":
      return { _tag: "Update", table, before: [id, name], row }
    case "unchanged":
      return { _tag: "Update", table, before: row, row: [id, { ...name, value: undefined }, active] }
    case "delete":
      return { _tag: "Delete", table, before: row }
    case "other table":
      return { _tag: "Insert", table: { schema: "public", name: "other" }, row }
  }
}

const partsOf = ({ ordinal, lsn, bytes, start, end }: SlotLine, partBytes: number): ReadonlyArray<LinePart> =>
  Array.from({ length: Math.ceil((end - start) / partBytes) }, (_, i) => {
    const from = start + i * partBytes
    const to = Math.min(from + partBytes, end)
    return new LinePart(ordinal, lsn, bytes.subarray(from, to), i === 0, to === end)
  })

/** The lines of a peek, and the same with some of them in parts. */
const peeked = ({ transactions, partBytes }: Drawn<typeof drawn>) => {
  const whole: Array<SlotLine> = []
  const inParts: Array<PeekedLine> = []
  let ordinal = 0
  for (const [i, lines] of transactions.entries()) {
    ordinal++
    for (const line of lines) {
      const printed = SlotLine.of(Lsn.Lsn.make(BigInt(ordinal)), ++ordinal, printChange(changeOf(line)))
      whole.push(printed)
      inParts.push(...(line.isLong ? partsOf(printed, partBytes) : [printed]))
    }
    const commit = SlotLine.of(
      Lsn.Lsn.make(BigInt(ordinal * 1000)),
      ++ordinal,
      `COMMIT ${700 + i} (at 2025-11-03 10:15:30+00)`,
    )
    whole.push(commit)
    inParts.push(commit)
  }
  return { whole, inParts }
}

const chunks = (lines: ReadonlyArray<PeekedLine>, size: number) =>
  Array.from({ length: Math.ceil(lines.length / size) }, (_, i) => lines.slice(i * size, (i + 1) * size))

/** Reads the transactions of these lines. */
const readFrom = (lines: ReadonlyArray<PeekedLine>, linesPerChunk: number) =>
  Effect.gen(function* () {
    const read: ReadTransactions = transactionReader(yield* Spool, () =>
      Stream.fromIterable(chunks(lines, linesPerChunk)),
    )
    return <A, E, R>(sink: Sink.Sink<A, ReadonlyArray<Transaction>, never, E, R>) =>
      Effect.map(read({ upTo: Lsn.zero, maxLines: maxLinesMax, tables: [] }, sink), ({ result }) => result)
  })

const aloneInLake: ObjectFence = {
  ensureLockHeld: Effect.void,
  publish: "looked up",
  keepsSchemas: false,
  nameObject: (newest) => Effect.succeed({ stamp: nextStamp(newest, beginning), ending: ".csv" }),
}

/** What `inc` holds of the lines. */
const written = (
  lines: ReadonlyArray<PeekedLine>,
  linesPerChunk: number,
  around: (spool: Spool["Service"]) => Spool["Service"] = (spool) => spool,
) =>
  Effect.gen(function* () {
    const server = yield* MemoryPostgres
    server.createTable(cliente)
    const source = { table, dataset: "clientes" }
    const spool = around(yield* Spool)
    const read = yield* Effect.provideService(readFrom(lines, linesPerChunk), Spool, spool)
    const objects = yield* incObjects(
      [
        {
          source,
          names: [source.table],
          leaves: undefined,
          projection: undefined,
          newestKey: Option.none(),
          newest: Option.none(),
          written: Option.none(),
          schema: noSchema,
          definition: undefined,
        },
      ],
      "single",
      aloneInLake,
    )
    yield* (yield* read(objects)).commit
    return yield* textsOf(yield* incKeys)
  }).pipe(Effect.scoped, Effect.provide(world(), { local: true }))

describe("lines in parts", () => {
  it.effect.prop(
    "are written as whole ones",
    [drawn],
    ([peek]) =>
      Effect.gen(function* () {
        const { whole, inParts } = peeked(peek)
        const expected = yield* written(whole, 1)
        // Not shown where they differ: it would be pages of megabytes.
        assert.isTrue((yield* written(inParts, peek.linesPerChunk)) === expected)
      }),
    { arbitrary: { runs: 25 } },
  )

  const insert = (ordinal: number, bytes: number, letter = "x") =>
    SlotLine.of(
      Lsn.Lsn.make(7n),
      ordinal,
      printChange({
        _tag: "Insert",
        table,
        row: [id, { ...id, name: "nome", type: "text", value: letter.repeat(bytes) }, active],
      }),
    )
  const commit = (ordinal: number) =>
    SlotLine.of(Lsn.Lsn.make(BigInt(ordinal)), ordinal, `COMMIT ${ordinal} (at 2025-11-03 10:15:30+00)`)

  it.effect("cannot be read after the turn of their transaction: their place has the next ones", () =>
    Effect.gen(function* () {
      const kept: Array<Transaction> = []
      const lines = [...partsOf(insert(2, 5000), 4000), commit(3), insert(5, 1), commit(6)]
      const read = yield* readFrom(lines, 3)
      const keep = (transactions: ReadonlyArray<Transaction>) =>
        Effect.sync(() => {
          kept.push(...transactions)
        })
      yield* read(Sink.forEach(keep))
      const exit = yield* Effect.exit(kept[0]?.readLong?.(new Uint8Array(1), 0) ?? Effect.void)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }).pipe(Effect.provide(world())),
  )

  it.effect("of transactions that end in the same chunk stay apart", () =>
    Effect.gen(function* () {
      const lines = [
        insert(2, 5000, "a"),
        commit(3),
        insert(5, 5000, "b"),
        commit(6),
        insert(8, 5000, "c"),
        commit(9),
      ]
      const inParts = lines.flatMap(
        (line): ReadonlyArray<PeekedLine> => (line.length > 5000 ? partsOf(line, 4000) : [line]),
      )
      assert.isTrue((yield* written(inParts, inParts.length)) === (yield* written(lines, 1)))
    }),
  )

  it.effect("of one transaction after the other use the same room on the disk", () =>
    Effect.gen(function* () {
      let [held, most] = [0, 0]
      const counting = (spool: Spool["Service"]) => ({
        open: Effect.map(spool.open, (file) => ({
          ...file,
          append: (bytes: Uint8Array) => {
            held += bytes.length
            most = Math.max(most, held)
            return file.append(bytes)
          },
          clear: Effect.andThen(
            Effect.sync(() => {
              held = 0
            }),
            file.clear,
          ),
        })),
      })
      // Each chunk holds the end of one line and the beginning of the next.
      const lines = Array.from({ length: 10 }, (_, i) => [
        ...partsOf(insert(3 * i + 2, 2_000_000), 65_536),
        commit(3 * i + 3),
      ]).flat()
      yield* written(lines, 7, counting)
      assert.isAbove(most, 2_000_000)
      assert.isBelow(most, 2_500_000)
    }),
  )

  it.effect("that no server prints are refused without their values", () =>
    Effect.gen(function* () {
      const broken = SlotLine.of(
        Lsn.Lsn.make(7n),
        2,
        `table db_loja.cliente: INSERT: id[integer]:'${"secret".repeat(1000)}`,
      )
      const error = yield* failureOf(written(partsOf(broken, 997), 3))
      assert.match(error.message, /cannot be read: a quote that is not closed/)
      assert.notInclude(error.message, "secret")
    }),
  )
})
