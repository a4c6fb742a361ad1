/** Tables that `verify` cannot compare, or compares with a remark: its advice and its exit code. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import { watermarkKey } from "../../../../src/core/lake/ObjectKey.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { comparedShop, edited, keyed } from "../../../support/memory/comparedShop.ts"
import { changed, compared, comparedWorld, created, tableOf } from "../../../support/memory/comparedWorld.ts"
import { cdcOnce, incKeys, settings, slotName, world } from "../../../support/memory/memoryWorld.ts"

describe("verify, of a table without a key", () => {
  const plain = tableOf("t", ["id", "v"], [])
  it.effect("asks for a replica identity once a row was changed", () =>
    Effect.gen(function* () {
      yield* comparedShop(plain)
      const { code, lines, message } = yield* compared
      assert.strictEqual(code, 2)
      assert.match(
        lines[0] ?? "",
        /^t {2}not compared {2}the table: 2 rows; the lake: full\S+ and \d changes$/,
      )
      assert.include(message, 't: The WAL does not say which rows of "public"."t" 2 changes were about')
      assert.include(message, 'ALTER TABLE "public"."t" REPLICA IDENTITY FULL; (or give it a primary key')
      assert.match(message, /Then run `full` again$/)
    }).pipe(Effect.provide(comparedWorld(plain))),
  )

  it.effect("compares it as long as it only grows", () =>
    Effect.gen(function* () {
      const { tables } = yield* created(plain)
      const [table] = tables
      if (table === undefined) return yield* Effect.die("no table")
      yield* Pipeline.full
      yield* changed((tx) => tx.insert(table, { id: "1", v: null }))
      yield* cdcOnce
      assert.strictEqual((yield* compared).code, 0)
    }).pipe(Effect.provide(comparedWorld(plain))),
  )

  const whole = tableOf("t", ["id", "v"], [], "full")
  it.effect("says how many rows differ where the whole old row is in the WAL", () =>
    Effect.gen(function* () {
      const { first } = yield* comparedShop(whole)
      assert.strictEqual((yield* compared).code, 0)
      yield* edited(first, (text) => text.replace("3,c", "3,"))
      const { code, lines } = yield* compared
      assert.strictEqual(code, 4)
      assert.match(lines[0] ?? "", /^t {2}extra {6}1 row \(no key; md5 [0-9a-f]{32}\)$/)
      assert.match(lines[1] ?? "", /^t {2}missing {4}1 row \(no key; md5 [0-9a-f]{32}\)$/)
    }).pipe(Effect.provide(comparedWorld(whole))),
  )
})

/** The settings before a second table was added. */
const one = settings({ SOURCE_TABLES: "public.t", LAKE_LAYOUT: "datasets" })

describe("verify", () => {
  it.effect("asks for a new copy where rows differ in a column that was added after it", () =>
    Effect.gen(function* () {
      const { table, follow } = yield* comparedShop()
      table.addColumn({ name: "w", type: "text", nullable: true })
      yield* follow((tx) => tx.update(table, { id: "3" }, { w: "default" }))
      assert.strictEqual((yield* compared).code, 0)
      // As where the column has a default, which the WAL does not hold for older rows.
      const [, , third = ""] = yield* incKeys
      yield* edited(third, (text) => text.replace(",default", ","))
      const { code, lines } = yield* compared
      assert.strictEqual(code, 4)
      assert.strictEqual(lines[0], "t  different  id=3  in w")
      assert.match(lines.at(-1) ?? "", /was given the column w after its `full`, .*: run `full` again$/)
    }).pipe(Effect.provide(comparedWorld(keyed))),
  )

  it.effect("names the datasets that are configured no more", () =>
    Effect.gen(function* () {
      yield* comparedShop()
      yield* edited(watermarkKey, (text) => `${text}left.old=0/10\n`)
      const { code, lines } = yield* compared
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(
        lines.at(-1),
        'Not followed any more, and not compared: "old" (followed up to 0/10).',
      )
    }).pipe(Effect.provide(comparedWorld(keyed))),
  )

  it.effect("compares with the lake alone where the slot is gone, and says so", () =>
    Effect.gen(function* () {
      const { server, table } = yield* comparedShop()
      yield* changed((tx) => tx.insert(table, { id: "4", v: "d" }))
      server.slots.drop(slotName)
      const { code, lines } = yield* compared
      assert.strictEqual(code, 4)
      assert.strictEqual(lines[0], "t  missing    id=4")
      assert.match(
        lines.at(-1) ?? "",
        /^Compared with the lake alone, up to its watermark .*; later commits count as missing\. /,
      )
    }).pipe(Effect.provide(comparedWorld(keyed))),
  )

  it.effect("refuses the lake of another server before it copies a table", () =>
    Effect.gen(function* () {
      yield* comparedShop()
      yield* edited(watermarkKey, (text) => text.replace(/system_identifier=\d+/, "system_identifier=1"))
      const { code, lines } = yield* compared
      assert.deepStrictEqual([code, lines], [3, []])
    }).pipe(Effect.provide(comparedWorld(keyed))),
  )

  it.effect("asks for a copy where a table is followed and there is none", () =>
    Effect.gen(function* () {
      yield* created(keyed)
      yield* cdcOnce
      const { code, message } = yield* compared
      assert.strictEqual(code, 2)
      assert.match(message, /t: The lake holds no complete `full` of "public"\."t": run `full` first$/)
    }).pipe(Effect.provide(comparedWorld(keyed))),
  )

  it.effect("says of a table that was added to the lake later that it waits for its copy", () =>
    Effect.gen(function* () {
      const { server } = yield* Effect.provide(comparedShop(), one)
      server.createTable(tableOf("u", ["id"], ["id"]))
      yield* cdcOnce
      const { code, lines } = yield* compared
      assert.strictEqual(code, 4)
      assert.match(lines[0] ?? "", /^t {2}equal /)
      assert.strictEqual(lines[1], "u  not compared")
      assert.match(
        lines[2] ?? "",
        /^u {2}"u" is waiting for full \(new, from [^)]+\): .* Run `node dist\/main\.js full`/,
      )
    }).pipe(Effect.provide(world({ SOURCE_TABLES: "public.t,public.u", LAKE_LAYOUT: "datasets" }))),
  )

  it.effect("says of a copy that was made before the slot that it leaves a gap", () =>
    Effect.gen(function* () {
      const server = yield* MemoryPostgres
      const table = server.createTable(keyed)
      yield* Pipeline.full
      yield* changed((tx) => tx.insert(table, { id: "1", v: "a" }))
      server.slots.create(slotName)
      yield* cdcOnce
      const { code, lines } = yield* compared
      assert.strictEqual(code, 4)
      assert.strictEqual(lines[0], "t  not compared  the table: 1 row")
      assert.match(
        lines[1] ?? "",
        /^t {2}"t" needs full \(full before slot, from [^)]+\): what was committed between its newest copy and that is in neither\./,
      )
    }).pipe(Effect.provide(comparedWorld(keyed))),
  )
})
