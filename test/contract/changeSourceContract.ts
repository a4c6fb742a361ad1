/** What each layer of `ChangeSource` does, whatever brings the changes. */
import { assert } from "@effect/vitest"
import { Cause, Effect, Exit, Option, Result, type Scope, Sink } from "effect"
import * as Lsn from "../../src/core/Lsn.ts"
import type { TableName } from "../../src/core/source/SourceTable.ts"
import { type ChangeSession, ChangeSource, type ReadRequest } from "../../src/services/source/ChangeSource.ts"
import { readLines, type Transaction } from "../../src/services/source/Transaction.ts"
import { readAll } from "../support/slot/readAll.ts"

/** A server with the tables `loja.a` and `loja.b`, each of the columns `id` and `v`, and a slot that was made after them. */
export interface ChangeWorld {
  /** One transaction of rows in the order given, with `v` of so many letters. */
  readonly insert: (
    rows: ReadonlyArray<readonly [table: "a" | "b", id: number]>,
    letters?: number,
  ) => Effect.Effect<unknown>
}

export const a: TableName = { schema: "loja", name: "a" }
export const b: TableName = { schema: "loja", name: "b" }
const both = [a, b]

const attached = Effect.flatMap(ChangeSource, ({ attach }) => Effect.map(attach, Option.getOrThrow))

/** All that is on the server's disk by now, as it is asked for. */
const request = (session: ChangeSession, more: Partial<ReadRequest> = {}) =>
  Effect.map(
    session.readState,
    ({ flushed }): ReadRequest => ({ upTo: flushed, maxLines: 1000, tables: both, ...more }),
  )

const all = (session: ChangeSession, more?: Partial<ReadRequest>) =>
  Effect.flatMap(request(session, more), (asked) => readAll(session, asked))

/** Tables, ids and sequence numbers of the rows, by transaction. */
const rowsOf = (session: ChangeSession, more?: Partial<ReadRequest>) =>
  Effect.map(all(session, more), ({ transactions }) =>
    transactions.map(({ lines }) =>
      lines.map(({ seq, text }) => {
        const [, table, id] = /^table loja\.(.): INSERT: id\[integer\]:(\d+)/.exec(text) ?? []
        return `${table}${id} ${seq}`
      }),
    ),
  )

const [largeRows, largeLetters] = [20, 150_000]

/** More than is held in memory, in several chunks. */
const large = (world: ChangeWorld) =>
  world.insert(
    Array.from({ length: largeRows }, (_, i) => ["a", 100 + i] as const),
    largeLetters,
  )

const diesWith = (exit: Exit.Exit<unknown, unknown>, message: RegExp) => {
  const defect = Exit.isFailure(exit) ? Result.getOrUndefined(Cause.findDefect(exit.cause)) : undefined
  assert.match(defect instanceof Error ? defect.message : "no defect", message)
}

type Case = readonly [
  behaviour: string,
  program: (world: ChangeWorld) => Effect.Effect<void, unknown, ChangeSource | Scope.Scope>,
]

/** How a sink cuts a read short, and what the read fails with then. */
const stops = [
  ["whose sink fails, and fails as the sink does", Effect.fail("sink"), Option.some("sink")],
  ["that is interrupted", Effect.interrupt, Option.none()],
] as const

export const changeSourceContract: ReadonlyArray<Case> = [
  [
    "gives whole transactions in the order of their commits, with what all their rows carry",
    Effect.fnUntraced(function* (world) {
      yield* world.insert([["a", 1]])
      yield* world.insert([
        ["a", 2],
        ["b", 3],
      ])
      const session = yield* attached
      const { transactions } = yield* all(session)
      const [first, second] = transactions
      assert.isTrue(first !== undefined && second !== undefined && first.commit < second.commit)
      assert.isTrue((first?.xid ?? 0) < (second?.xid ?? 0))
      assert.match(first?.committedAt ?? "", /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00$/)
      assert.deepStrictEqual(yield* rowsOf(session), [["a1 1"], ["a2 1", "b3 2"]])
    }),
  ],
  [
    "numbers rows before those of other tables are left out",
    Effect.fnUntraced(function* (world) {
      yield* world.insert([
        ["b", 7],
        ["a", 1],
      ])
      assert.deepStrictEqual(yield* rowsOf(yield* attached, { tables: [a] }), [["a1 2"]])
    }),
  ],
  [
    "reads the transaction that reaches the bound to its end and none after it, and says that it was cut",
    Effect.fnUntraced(function* (world) {
      for (const id of [1, 2, 3]) yield* world.insert([["a", id]])
      const session = yield* attached
      const bounded = Effect.fnUntraced(function* (maxLines: number) {
        const { transactions, isCut } = yield* all(session, { maxLines })
        return [transactions.length, isCut]
      })
      assert.deepStrictEqual(yield* bounded(3), [1, true])
      assert.deepStrictEqual(yield* bounded(4), [2, true])
      assert.deepStrictEqual(yield* bounded(10), [3, false])
    }),
  ],
  [
    "reads the same again until it is confirmed",
    Effect.fnUntraced(function* (world) {
      yield* world.insert([["a", 1]])
      yield* world.insert([["a", 2]])
      const session = yield* attached
      const { transactions } = yield* all(session)
      assert.deepStrictEqual(yield* all(session), { transactions, isCut: false })
      yield* session.confirm(transactions[0]?.commit ?? Lsn.zero)
      assert.deepStrictEqual(yield* rowsOf(session), [["a2 1"]])
    }),
  ],
  [
    "reads a transaction that does not fit into memory from a temporary file",
    Effect.fnUntraced(function* (world) {
      yield* large(world)
      const { transactions } = yield* all(yield* attached)
      const texts = transactions.flatMap(({ lines }) => lines.map(({ text }) => text))
      assert.deepStrictEqual(
        texts.map((text) => /v\[text\]:'(x+)'$/.exec(text)?.[1]?.length),
        Array.from({ length: largeRows }, () => largeLetters),
      )
    }),
  ],
  [
    "answers where the slot is while a transaction is being read",
    Effect.fnUntraced(function* (world) {
      yield* large(world)
      const session = yield* attached
      const states: Array<boolean> = []
      const look = () =>
        Effect.map(session.readState, ({ slot }) => {
          states.push(Option.isSome(slot))
        })
      yield* session.readTransactions(yield* request(session), Sink.forEach(look))
      assert.deepStrictEqual(states, [true])
    }),
  ],
  [
    "runs what the request asks for at each chunk, also before a transaction has ended",
    Effect.fnUntraced(function* (world) {
      yield* large(world)
      const session = yield* attached
      let chunks = 0
      const before: Array<number> = []
      const onChunk = Effect.sync(() => {
        chunks++
      })
      const note = () =>
        Effect.sync(() => {
          before.push(chunks)
        })
      yield* session.readTransactions(yield* request(session, { onChunk }), Sink.forEach(note))
      assert.isAbove(before[0] ?? 0, 1)
    }),
  ],
  [
    "lets nobody read the lines of a transaction after the sink has asked for the next: it ends as a defect",
    Effect.fnUntraced(function* (world) {
      yield* large(world)
      const session = yield* attached
      const { result } = yield* session.readTransactions(
        yield* request(session),
        Sink.collect<ReadonlyArray<Transaction>>(),
      )
      const kept = result.flat()[0]
      const late = kept === undefined ? Effect.void : readLines(kept, () => Effect.succeed(true))
      diesWith(yield* Effect.exit(late), /read after the sink had asked for the next/)
    }),
  ],
  [
    "takes a sink that ends before it has taken all for a defect",
    Effect.fnUntraced(function* (world) {
      yield* world.insert([["a", 1]])
      yield* large(world)
      const session = yield* attached
      const early = session.readTransactions(yield* request(session), Sink.succeed(undefined))
      diesWith(yield* Effect.exit(early), /ended before it had taken all/)
    }),
  ],
  ...stops.map(
    ([how, stop, failure]): Case => [
      `ends the session with a read ${how}`,
      Effect.fnUntraced(function* (world) {
        yield* large(world)
        const session = yield* attached
        const asked = yield* request(session)
        const cut = () => stop
        const exit = yield* Effect.exit(session.readTransactions(asked, Sink.forEach(cut)))
        assert.deepStrictEqual(Exit.isFailure(exit) && Cause.findErrorOption(exit.cause), failure)
        assert.strictEqual((yield* Effect.flip(session.readState))._tag, "SourceError")
        assert.strictEqual((yield* Effect.flip(session.confirm(asked.upTo)))._tag, "SourceError")
      }),
    ],
  ),
  [
    "gives the writer's lock to one session at a time",
    Effect.fnUntraced(function* () {
      const { attach } = yield* ChangeSource
      const held = yield* Effect.scoped(
        Effect.gen(function* () {
          return [yield* attach, yield* attach].map(Option.isSome)
        }),
      )
      assert.deepStrictEqual(held, [true, false])
    }),
  ],
]
