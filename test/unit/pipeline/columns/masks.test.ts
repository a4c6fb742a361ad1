/** The mask in watermark and manifest, in a pipeline whose source and lake are in memory. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Result } from "effect"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import * as MemorySlotInspection from "../../../../layers/memory/source/MemorySlotInspection.ts"
import { takeOver } from "../../../../src/cdc/fence/TakeOver.ts"
import * as Manifest from "../../../../src/core/lake/Manifest.ts"
import { full, writeBatch } from "../../../../src/Pipeline.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { ChangeSource } from "../../../../src/services/source/ChangeSource.ts"
import { readStatus } from "../../../../src/status/Facts.ts"
import { jsonReport } from "../../../../src/status/StatusReport.ts"
import { peopleTable } from "../../../support/memory/columns/people.ts"
import {
  cdcOnce,
  incKeys,
  lakeKeys,
  order,
  pedido,
  settings,
  slotName,
  textOf,
  twoTables,
  watermarkLines,
  world,
} from "../../../support/memory/memoryWorld.ts"
import { warningsOf } from "../../../support/memory/warnings.ts"

const pessoa = peopleTable("cpf", "email")
const row = (id: string) => ({ id, cpf: "segredo", email: "segredo@um" })

const masked = {
  COLUMNS_EXCLUDE: "db_loja.cliente.cpf",
  COLUMNS_HASH: "db_loja.cliente.email",
  COLUMNS_HASH_KEY: "k",
}
const inMemory = (variables: Readonly<Record<string, string>> = {}) =>
  Layer.provideMerge(MemorySlotInspection.layer(slotName), world(variables))

const created = Effect.map(MemoryPostgres, (server) => {
  server.slots.create(slotName)
  return { server, table: server.createTable(pessoa), other: server.createTable(pedido) }
})

const lines = (key: string) =>
  Effect.map(watermarkLines, (all) => all.filter((line) => line.startsWith(`${key}.`)))
const maskLine = Effect.map(lines("mask"), (found) => found.map((line) => line.split("=")[1]))

const newestManifest = Effect.gen(function* () {
  const key = (yield* lakeKeys).filter((one) => one.includes("/_full_")).at(-1) ?? ""
  return Result.getOrThrow(Manifest.parse(yield* textOf(key)))
})

const states = Effect.map(readStatus, (report) =>
  JSON.parse(jsonReport(report)).datasets.map((one: { state: string; reason: string | null }) =>
    one.reason === null ? one.state : `${one.state}: ${one.reason}`,
  ),
)

describe("the mask of a dataset", () => {
  it.effect("is in the first watermark and in the manifest, and nothing else of the key", () =>
    Effect.gen(function* () {
      const { server, table } = yield* created
      yield* server.transact((tx) => tx.insert(table, row("1")))
      yield* full
      yield* cdcOnce
      const [mask] = yield* maskLine
      assert.match(String(mask), /^[0-9a-f]{64}$/)
      assert.strictEqual((yield* newestManifest).mask, mask)
      assert.deepStrictEqual(yield* states, ["followed"])
    }).pipe(Effect.provide(inMemory(masked))),
  )

  it.effect("is none without an entry about the table", () =>
    Effect.gen(function* () {
      const { server, table } = yield* created
      yield* server.transact((tx) => tx.insert(table, row("1")))
      yield* full
      yield* cdcOnce
      assert.deepStrictEqual(yield* maskLine, [])
      assert.isUndefined((yield* newestManifest).mask)
    }).pipe(Effect.provide(inMemory({ COLUMNS_EXCLUDE: "outro.*.cpf" }))),
  )

  it.effect("of another key or list is another one, and of the same ones the same", () =>
    Effect.gen(function* () {
      const { server, table } = yield* created
      yield* server.transact((tx) => tx.insert(table, row("1")))
      const maskUnder = (variables: Readonly<Record<string, string>>) =>
        Effect.map(
          Effect.andThen(Effect.provide(full, settings(variables)), newestManifest),
          ({ mask }) => mask,
        )
      const mask = yield* maskUnder(masked)
      assert.strictEqual(mask, yield* maskUnder({ ...masked, COLUMNS_EXCLUDE: "db_loja.*.cpf, *.cpf" }))
      const others = [
        yield* maskUnder({ ...masked, COLUMNS_HASH_KEY: "other" }),
        yield* maskUnder({ ...masked, COLUMNS_EXCLUDE: "*.email" }),
        yield* maskUnder({ COLUMNS_EXCLUDE: "*.cpf" }),
        yield* maskUnder({ ...masked, ON_NEW_COLUMN: "exclude" }),
        yield* maskUnder({}),
      ]
      assert.strictEqual(new Set([mask, ...others]).size, 6)
    }).pipe(Effect.provide(inMemory())),
  )
})

describe("a mask that changes", () => {
  it.effect("needs a full of its dataset alone, until one is there under the same mask", () =>
    Effect.gen(function* () {
      const { server, table, other } = yield* created
      yield* server.transact((tx) => {
        tx.insert(table, row("1"))
        tx.insert(other, order)
      })
      yield* full
      yield* cdcOnce
      assert.deepStrictEqual(yield* states, ["followed", "followed"])
      const now = Effect.provide(Layer.fresh(settings({ ...twoTables, ...masked })))
      assert.deepStrictEqual(yield* now(states), ["needs full: masked", "followed"])
      // A copy before `cdc` has begun with the settings does not count.
      yield* now(full)
      yield* server.transact((tx) => tx.insert(table, row("2")))
      yield* now(cdcOnce)
      assert.match(String(yield* lines("from")), /^from\.clientes=\S+ \d+ masked,from.pedidos=\S+$/)
      assert.deepStrictEqual(yield* now(states), ["needs full: masked", "followed"])
      const newest = yield* textOf((yield* incKeys).findLast((key) => key.includes("clientes")) ?? "")
      assert.notInclude(newest, "segredo")
      // Nor does one under the settings of before.
      yield* full
      assert.deepStrictEqual(yield* now(states), ["needs full: masked", "followed"])
      yield* now(full)
      assert.deepStrictEqual(yield* now(states), ["followed", "followed"])
      yield* now(cdcOnce)
      assert.deepStrictEqual(yield* now(states), ["followed", "followed"])
      // Without the settings it is the unmasked one again.
      assert.deepStrictEqual(yield* states, ["needs full: masked", "followed"])
    }).pipe(Effect.provide(inMemory(twoTables))),
  )

  it.effect("is in the watermark before the first object under it", () =>
    Effect.gen(function* () {
      const { server, table } = yield* created
      yield* server.transact((tx) => tx.insert(table, row("1")))
      yield* cdcOnce
      yield* server.transact((tx) => tx.insert(table, row("2")))
      let known: ReadonlyArray<string> = []
      const watched = Effect.updateService(cdcOnce, ObjectStore, (store) =>
        ObjectStore.of({
          ...store,
          create: (key, how) =>
            Effect.provideService(
              Effect.tap(lines("from"), (found) => Effect.sync(() => (known = found))),
              ObjectStore,
              store,
            ).pipe(Effect.orDie, Effect.andThen(store.create(key, how))),
        }),
      )
      yield* Effect.provide(watched, settings(masked))
      assert.match(String(known), / masked$/)
      assert.strictEqual((yield* incKeys).length, 2)
    }).pipe(Effect.provide(inMemory())),
  )

  it.effect("in a running writer leaves the batch in hand as it was, and the next one masks", () =>
    Effect.gen(function* () {
      const { server, table } = yield* created
      const session = Option.getOrThrow(yield* Effect.flatMap(ChangeSource, ({ attach }) => attach))
      const { held, checkpoint } = yield* takeOver(session)
      const limits = { maxLines: 1000, worthMoving: 1n }
      const now = Effect.provide(settings(masked))
      yield* server.transact((tx) => tx.insert(table, row("1")))
      const first = yield* now(writeBatch({ session, held }, checkpoint, limits))
      assert.strictEqual((yield* maskLine).length, 1)
      yield* server.transact((tx) => tx.insert(table, row("2")))
      yield* now(writeBatch({ session, held }, first.checkpoint, limits))
      const texts = yield* Effect.forEach(yield* incKeys, textOf)
      assert.deepStrictEqual(
        texts.map((one) => one.includes("segredo")),
        [true, false],
      )
      assert.match(String(yield* lines("from")), / masked$/)
    }).pipe(Effect.scoped, Effect.provide(inMemory())),
  )

  it.effect("is warned of by full while cdc follows the table under the earlier one", () =>
    Effect.gen(function* () {
      const { server, table } = yield* created
      yield* server.transact((tx) => tx.insert(table, row("1")))
      yield* cdcOnce
      const warnings = yield* warningsOf(Effect.provide(full, settings(masked)))
      assert.match(String(warnings), /Restart `cdc` with the same COLUMNS_EXCLUDE/)
    }).pipe(Effect.provide(inMemory())),
  )
})
