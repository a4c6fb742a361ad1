/** One table that cannot be compared, among others that can. */

import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestConsole } from "effect/testing"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import { watermarkKey } from "../../../../src/core/lake/ObjectKey.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { ComparisonError } from "../../../../src/services/lake/ComparisonError.ts"
import { LakeComparison } from "../../../../src/services/lake/LakeComparison.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { StoreAdmin } from "../../../../src/services/lake/StoreAdmin.ts"
import { StoreError } from "../../../../src/services/lake/StoreError.ts"
import { SourceError } from "../../../../src/services/source/SourceError.ts"
import { SourceTables } from "../../../../src/services/source/SourceTables.ts"
import { verify } from "../../../../src/verify/Verify.ts"
import { changed, compared, comparedWorld, created, tableOf } from "../../../support/memory/comparedWorld.ts"
import { cdcOnce, lakeKeys, put, settings, textOf } from "../../../support/memory/memoryWorld.ts"

const three = ["a", "b", "c"].map((name) => tableOf(name, ["id", "v"], ["id"]))

/** Three tables of one row and one change each. */
const shop = Effect.gen(function* () {
  const made = yield* created(...three)
  const each = (id: string) =>
    changed((tx) => {
      for (const table of made.tables) tx.insert(table, { id, v: "x" })
    })
  yield* each("1")
  yield* Pipeline.full
  yield* each("2")
  yield* cdcOnce
  return made
})

const keyOf = (pattern: RegExp) => Effect.map(lakeKeys, (keys) => keys.find((key) => pattern.test(key)) ?? "")
const fullOfB = /^full\/b\/.*csv$/
const incOfB = /^inc\/b\/.*csv$/

/** The lake, but the keys of the pattern cannot be read. */
const unreadable = (pattern: RegExp, reason: StoreError["reason"]) =>
  Effect.updateService(ObjectStore, (store) =>
    ObjectStore.of({
      ...store,
      read: (key) =>
        pattern.test(key)
          ? Stream.fail(new StoreError({ reason, subject: key, detail: "it cannot be read" }))
          : store.read(key),
    }),
  )

const verdicts = (lines: ReadonlyArray<string>) =>
  lines
    .filter((line) => /^. {2}(equal|not compared|\d+ differences?)/.test(line))
    .map((line) => line.split("  ")[1])

const world = comparedWorld(...three)

describe("verify, where one of several tables cannot be compared", () => {
  const cases: ReadonlyArray<
    readonly [
      what: string,
      code: number,
      says: RegExp,
      damage: Effect.Effect<unknown, unknown, ObjectStore | StoreAdmin | MemoryPostgres>,
    ]
  > = [
    [
      "has no full",
      2,
      /run `full` first/,
      Effect.flatMap(keyOf(/^full\/b\/.*json$/), (key) =>
        Effect.flatMap(StoreAdmin, (admin) => admin.remove(key)),
      ),
    ],
    [
      "has a full of another server",
      3,
      /Point the program at the source/,
      Effect.gen(function* () {
        const key = yield* keyOf(/^full\/b\/.*json$/)
        yield* put(key, (yield* textOf(key)).replace(/("system_identifier": ")/, "$19"))
      }),
    ],
    [
      "is missing in the source",
      2,
      /does not exist/,
      Effect.gen(function* () {
        const server = yield* MemoryPostgres
        server.dropTable(yield* server.table({ schema: "public", name: "b" }))
      }),
    ],
  ]
  for (const [what, code, says, damage] of cases) {
    it.effect(`compares the others where one ${what}, and ends with ${code}`, () =>
      Effect.gen(function* () {
        yield* shop
        yield* damage
        const told = yield* compared
        assert.deepStrictEqual(verdicts(told.lines), ["equal", "not compared", "equal"], told.message)
        assert.strictEqual(told.code, code)
        assert.match(told.message, says)
        assert.match(told.message, /^.*\bb: /)
      }).pipe(Effect.provide(world)),
    )
  }

  for (const [what, pattern, reason, code] of [
    ["its full may not be read", fullOfB, "Denied", 2],
    ["an object of its changes may not be read", incOfB, "Denied", 2],
    ["an object of its changes is on a broken disk", incOfB, "Unreachable", 1],
    ["its manifest is on a broken disk", /^full\/b\/.*json$/, "Unreachable", 1],
  ] as const) {
    it.effect(`compares the others where ${what}`, () =>
      Effect.gen(function* () {
        yield* shop
        const told = yield* compared.pipe(unreadable(pattern, reason))
        assert.deepStrictEqual(verdicts(told.lines), ["equal", "not compared", "equal"], told.message)
        assert.strictEqual(told.code, code)
      }).pipe(Effect.provide(world)),
    )
  }

  it.effect("compares the others where no snapshot can be taken of one", () =>
    Effect.gen(function* () {
      yield* shop
      const told = yield* compared.pipe(
        Effect.updateService(SourceTables, (real) =>
          SourceTables.of({
            ...real,
            snapshot: (tables) =>
              tables.some(({ name }) => name === "b")
                ? Effect.fail(
                    new SourceError({
                      reason: "Permission",
                      subject: "table b",
                      detail: "permission denied",
                    }),
                  )
                : real.snapshot(tables),
          }),
        ),
      )
      assert.deepStrictEqual(verdicts(told.lines), ["equal", "not compared", "equal"], told.message)
      assert.deepStrictEqual(
        [told.code, /b: Source, table b: permission denied/.test(told.message)],
        [2, true],
      )
    }).pipe(Effect.provide(world)),
  )

  /** The replay of the second table does as `second` says. */
  const secondReplay = (second: Effect.Effect<never, ComparisonError>) =>
    Effect.updateService(LakeComparison, (real) =>
      LakeComparison.of({
        open: Effect.map(real.open, (workbench) => {
          let replays = 0
          return {
            ...workbench,
            replay: (source) => (++replays === 2 ? second : workbench.replay(source)),
          }
        }),
      }),
    )

  it.effect("compares the others where the comparison fails at one", () =>
    Effect.gen(function* () {
      yield* shop
      const fails = Effect.fail(new ComparisonError({ reason: "Failed", detail: "the comparison failed" }))
      const told = yield* compared.pipe(secondReplay(fails))
      assert.deepStrictEqual(verdicts(told.lines), ["equal", "not compared", "equal"])
      assert.deepStrictEqual(
        [told.code, told.message.includes("b: Comparison: the comparison failed.")],
        [1, true],
      )
    }).pipe(Effect.provide(world)),
  )

  it.effect("compares the others where the program itself fails at one", () =>
    Effect.gen(function* () {
      yield* shop
      const told = yield* compared.pipe(secondReplay(Effect.die(new Error("a defect"))))
      assert.deepStrictEqual(verdicts(told.lines), ["equal", "not compared", "equal"])
      assert.strictEqual(told.code, 1)
    }).pipe(Effect.provide(world)),
  )

  it.effect("says how much room is needed where the disk is full", () =>
    Effect.gen(function* () {
      yield* shop
      const fails = Effect.fail(new ComparisonError({ reason: "Full", detail: "no space is left" }))
      assert.match((yield* compared.pipe(secondReplay(fails))).message, /b: .*up to 0\.0 GB are needed/)
    }).pipe(Effect.provide(world)),
  )

  it.effect("ends with 4 where another one differs, and says both", () =>
    Effect.gen(function* () {
      yield* shop
      const key = yield* keyOf(/^inc\/c\/.*csv$/)
      yield* put(key, (yield* textOf(key)).replace(/2,x$/m, "2,y"))
      const told = yield* compared.pipe(unreadable(incOfB, "Denied"))
      assert.deepStrictEqual(verdicts(told.lines), ["equal", "not compared", "1 difference"])
      assert.strictEqual(told.code, 4)
      assert.match(told.message, /differs in 1 place \(c\).*\n.*b: Lake, /s)
    }).pipe(Effect.provide(world)),
  )

  it.effect("counts what it told of one before it failed: 4 is the gravest", () =>
    Effect.gen(function* () {
      yield* shop
      const key = yield* keyOf(/^full\/b\/.*json$/)
      yield* put(key, (yield* textOf(key)).replace(/("rows": )1/, "$17"))
      const told = yield* compared.pipe(unreadable(incOfB, "Denied"))
      assert.strictEqual(told.code, 4)
      assert.match(told.message, /differs in 1 place \(b\)/)
    }).pipe(Effect.provide(world)),
  )

  it.effect("waits once only for a lake that has gone away, and names every table", () =>
    Effect.gen(function* () {
      yield* shop
      let reads = 0
      const told = yield* compared.pipe(
        Effect.updateService(ObjectStore, (store) => {
          const gone = Stream.fail(
            new StoreError({ reason: "Unreachable", subject: "lake", detail: "connection refused" }),
          )
          return ObjectStore.of({
            ...store,
            read: (key) => {
              if (!key.endsWith(".csv")) return store.read(key)
              reads++
              return gone
            },
            list: (prefix, after) => (reads > 0 ? gone : store.list(prefix, after)),
          })
        }),
      )
      assert.deepStrictEqual([told.code, verdicts(told.lines)], [1, Array(3).fill("not compared")])
      // One table's tries in 30 s, with back-off.
      assert.isBelow(reads, 15)
    }).pipe(Effect.provide(world)),
  )

  it.effect("prints a whole JSON document in which each table says its exit code", () =>
    Effect.gen(function* () {
      yield* shop
      const before = (yield* TestConsole.logLines).length
      yield* Effect.exit(verify({ json: true, all: false })).pipe(unreadable(incOfB, "Denied"))
      const { tables, equal } = JSON.parse((yield* TestConsole.logLines).slice(before).join("\n"))
      const told = tables.map(({ dataset, exit }: { dataset: string; exit: number }) => [dataset, exit])
      assert.deepStrictEqual(
        [equal, told],
        [
          false,
          [
            ["a", 0],
            ["b", 2],
            ["c", 0],
          ],
        ],
      )
    }).pipe(Effect.provide(world)),
  )
})

describe("verify", () => {
  it.effect("passes over lines of the watermark that it does not know", () =>
    Effect.gen(function* () {
      yield* shop
      const more = "later=7 of 9\nlater.a=3f2a\nlatest.a=public.a_1 16385\n"
      yield* put(watermarkKey, (yield* textOf(watermarkKey)) + more)
      assert.strictEqual((yield* compared).code, 0)
    }).pipe(Effect.provide(world)),
  )
})

describe("verify, where a table was renamed", () => {
  it.effect("counts in what the slot holds under the old name", () =>
    Effect.gen(function* () {
      const { server, tables } = yield* shop
      const [a] = tables
      if (a === undefined) return assert.fail("there is no table")
      yield* changed((tx) => tx.insert(a, { id: "3", v: "x" }))
      server.renameTable(a, "renamed")
      yield* changed((tx) => tx.insert(a, { id: "4", v: "x" }))
      const { code, lines } = yield* Effect.provide(
        compared,
        settings({ SOURCE_TABLES: "public.renamed=a,public.b,public.c", LAKE_LAYOUT: "datasets" }),
      )
      assert.deepStrictEqual([code, verdicts(lines)], [0, ["equal", "equal", "equal"]])
    }).pipe(Effect.provide(world)),
  )
})

describe("verify, where the slot holds rows under a name that a table bore for a while", () => {
  it.effect("says that the table needs a new copy, and compares the others", () =>
    Effect.gen(function* () {
      const { server, tables } = yield* shop
      const [a] = tables
      if (a === undefined) return yield* Effect.die(new Error("no table"))
      server.renameTable(a, "passing")
      yield* changed((tx) => tx.insert(a, { id: "3", v: "x" }))
      server.renameTable(a, "a")
      const told = yield* compared
      assert.deepStrictEqual(verdicts(told.lines), ["not compared", "equal", "equal"], told.message)
      assert.strictEqual(told.code, 4)
      assert.match(told.lines.join("\n"), /"a" needs full \(unknown relation/)
    }).pipe(Effect.provide(world)),
  )
})
