/** What each layer of the slot tells of the catalog's rows, and of names that a table bears for a while. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import * as Lsn from "../../src/core/Lsn.ts"
import type { TableName } from "../../src/core/source/SourceTable.ts"
import { sameRows } from "../../src/core/tables/TableMark.ts"
import type { ChangeVisit } from "../../src/services/source/ChangeSource.ts"
import { readAll } from "../support/slot/readAll.ts"

/** A server with the tables `loja.a` and `loja.b`, each of the columns `id` and `v`, and a slot that was made after them. */
export interface CatalogWorld {
  readonly visit: ChangeVisit
  readonly rename: (from: string, to: string) => Effect.Effect<unknown>
  readonly renameSchema: (from: string, to: string) => Effect.Effect<unknown>
  readonly addColumn: (table: string, column: string) => Effect.Effect<unknown>
  /** A row with a new `id`. */
  readonly insert: (table: string) => Effect.Effect<unknown>
}

export const a: TableName = { schema: "loja", name: "a" }
export const b: TableName = { schema: "loja", name: "b" }
const passing: TableName = { schema: "loja", name: 'M: "x"' }

const relationOf = Effect.fnUntraced(function* ({ visit }: CatalogWorld, table: TableName) {
  const [found] = yield* visit.relations({ tables: [table], oids: [] })
  if (found === undefined) return yield* Effect.die(new Error(`${table.name} is not there`))
  return found
})

const linesOf = ({ visit }: CatalogWorld, tables: ReadonlyArray<TableName>, unknownSince?: bigint) =>
  Effect.gen(function* () {
    const { flushed } = yield* visit.readState
    const upTo = Lsn.Lsn.make(flushed)
    const { transactions } = yield* readAll(visit, { upTo, maxLines: 1000, tables, unknownSince })
    return transactions
      .flatMap(({ lines }) => lines)
      .map(({ text }) => /^table (.*): INSERT/.exec(text)?.[1] ?? "")
      .filter((name) => name !== "")
  })

type Case = readonly [behaviour: string, program: (world: CatalogWorld) => Effect.Effect<void, unknown>]

export const sendsPassingName: Case[1] = Effect.fnUntraced(function* (world) {
  yield* world.insert("a")
  const { endedBelow } = (yield* relationOf(world, a)).mark
  yield* world.rename("a", passing.name)
  yield* world.insert(passing.name)
  yield* world.rename(passing.name, "a")
  yield* world.insert("b")
  assert.deepStrictEqual(yield* linesOf(world, [a]), ["loja.a"])
  assert.deepStrictEqual(yield* linesOf(world, [a], endedBelow), ["loja.a", 'loja."M: ""x"""'])
})

export const catalogContract: ReadonlyArray<Case> = [
  [
    "finds the same rows of a table that rows were written to",
    Effect.fnUntraced(function* (world) {
      const before = yield* relationOf(world, a)
      yield* world.insert("a")
      const after = yield* relationOf(world, a)
      assert.isTrue(sameRows(before.mark, after.mark))
      assert.isTrue(before.mark.endedBelow < after.mark.endedBelow)
    }),
  ],
  [
    "finds the same rows of a table that got a column",
    Effect.fnUntraced(function* (world) {
      const before = yield* relationOf(world, a)
      yield* world.addColumn("a", "w")
      assert.isTrue(sameRows(before.mark, (yield* relationOf(world, a)).mark))
    }),
  ],
  [
    "finds other rows of a table that was renamed there and back",
    Effect.fnUntraced(function* (world) {
      const before = yield* relationOf(world, a)
      yield* world.rename("a", "m")
      yield* world.rename("m", "a")
      const after = yield* relationOf(world, a)
      assert.strictEqual(after.oid, before.oid)
      assert.notStrictEqual(after.mark.table, before.mark.table)
      assert.strictEqual(after.mark.schema, before.mark.schema)
    }),
  ],
  [
    "finds another row of a schema that was renamed there and back",
    Effect.fnUntraced(function* (world) {
      const before = yield* relationOf(world, a)
      yield* world.renameSchema("loja", "other")
      yield* world.renameSchema("other", "loja")
      const after = yield* relationOf(world, a)
      assert.strictEqual(after.mark.table, before.mark.table)
      assert.notStrictEqual(after.mark.schema, before.mark.schema)
    }),
  ],
  [
    "knows the names that a relation has borne all along, and no others",
    Effect.fnUntraced(function* (world) {
      yield* world.insert("a")
      const { endedBelow } = (yield* relationOf(world, a)).mark
      yield* world.rename("a", passing.name)
      yield* world.rename(passing.name, "a")
      assert.deepStrictEqual(yield* world.visit.unknownNames([a, b, passing], endedBelow), [a, passing])
      assert.deepStrictEqual(yield* world.visit.unknownNames([], endedBelow), [])
    }),
  ],
  [
    "sends lines under a name between two looks where it is asked for them, and none of other tables",
    sendsPassingName,
  ],
  [
    "sends lines under a name that another relation bears by now",
    Effect.fnUntraced(function* (world) {
      yield* world.insert("a")
      const { endedBelow } = (yield* relationOf(world, a)).mark
      yield* world.rename("a", "m")
      yield* world.insert("m")
      yield* world.rename("m", "a")
      yield* world.rename("b", "m")
      assert.deepStrictEqual(yield* linesOf(world, [a], endedBelow), ["loja.a", "loja.m"])
    }),
  ],
  [
    "tells which columns a table has kept",
    Effect.fnUntraced(function* (world) {
      yield* world.insert("a")
      const { oid, mark } = yield* relationOf(world, a)
      const kept = () => world.visit.keptColumns(oid, mark.endedBelow)
      assert.deepStrictEqual(yield* kept(), { names: ["id", "v"], isAll: true })
      yield* world.addColumn("a", "w")
      assert.deepStrictEqual(yield* kept(), { names: ["id", "v"], isAll: false })
      assert.deepStrictEqual(yield* world.visit.keptColumns(1, mark.endedBelow), { names: [], isAll: false })
    }),
  ],
]
