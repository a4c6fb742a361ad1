/** How many objects a copy has: FULL_OBJECT_SIZE, and one reader or several. */
import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import * as Manifest from "../../../../src/core/lake/Manifest.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { StoreError } from "../../../../src/services/lake/StoreError.ts"
import {
  type CopiedRows,
  SourceTables,
  type TableCopy,
} from "../../../../src/services/source/SourceTables.ts"
import {
  ana,
  ended,
  exitCode,
  gated,
  lakeKeys,
  shop,
  textOf,
  world,
} from "../../../support/memory/memoryWorld.ts"

const folder = "full/date=20251103"
const object = (count: number) =>
  `${folder}/full_clientes_20251103_101530${count === 1 ? "" : `_${String(count).padStart(4, "0")}`}.csv`
const manifest = `${folder}/_full_clientes_20251103_101530.json`
const header = "id,nome,ativo\n"

/** A hundred rows of 12 bytes and more, one of them with a line break. The source in memory prints 16 at a time. */
const manyRows = Effect.gen(function* () {
  const { server, clientes } = yield* shop
  yield* server.transact((tx) => {
    for (let id = 1; id <= 100; id++)
      tx.insert(clientes, { ...ana, id: `${id}`, nome: id === 50 ? "A\nna" : "Ana" })
  })
})

const parsed = Effect.map(textOf(manifest), (text) => Result.getOrThrow(Manifest.parse(text)))
const recordsOf = (text: string) => text.match(/(?:[^"\n]|"[^"]*")*\n/g) ?? []

/** The rows of all objects, without their headers, in order. */
const rowsIn = (keys: ReadonlyArray<string>) =>
  Effect.map(Effect.forEach(keys, textOf), (texts) =>
    texts.flatMap((text) => {
      assert.isTrue(text.startsWith(header))
      return recordsOf(text.slice(header.length))
    }),
  )

const sortedIds = (rows: ReadonlyArray<string>) =>
  rows.map((row) => Number(row.split(",")[0])).sort((a, b) => a - b)
const oneToHundred = Array.from({ length: 100 }, (_, i) => i + 1)

/** A source whose copies have so many readers: each takes every so-many-th chunk. `divided`: chunks end within rows too. */
const readBy = (readers: number, divided = false) =>
  Effect.map(SourceTables, (source) =>
    SourceTables.of({
      ...source,
      snapshot: (tables) =>
        Effect.map(source.snapshot(tables), (snapshot) => ({
          ...snapshot,
          copy: (description) => {
            const copy = snapshot.copy(description)
            const parts = ({ bytes, rows }: CopiedRows): ReadonlyArray<CopiedRows> => [
              { bytes: bytes.subarray(0, 5), rows: 0, endsRow: false },
              { bytes: bytes.subarray(5), rows, endsRow: true },
            ]
            const open: TableCopy["open"] = (divideFrom) =>
              Effect.map(copy.open(divideFrom), (found) => ({
                ...found,
                parts: Array.from({ length: readers }, (_, i) =>
                  Stream.flatten(Stream.fromIterable(found.parts)).pipe(
                    Stream.zipWithIndex,
                    Stream.filter(([, at]) => at % readers === i),
                    Stream.flatMap(([chunk]) => Stream.fromIterable(divided ? parts(chunk) : [chunk])),
                  ),
                ),
              }))
            return { open }
          },
        })),
    }),
  )

describe("a copy larger than FULL_OBJECT_SIZE", () => {
  it.effect("is several objects under one manifest, each with a header, and no row in two of them", () =>
    Effect.gen(function* () {
      yield* manyRows
      yield* Pipeline.full
      const keys = [1, 2, 3, 4].map(object)
      assert.deepStrictEqual(yield* lakeKeys, [manifest, ...keys])
      assert.deepStrictEqual(
        (yield* rowsIn(keys)).map((row) => Number(row.split(",")[0])),
        oneToHundred,
      )
      // Two chunks of 16 rows exceed the bound, and the last four rows remain.
      const { objects, rows, bytes } = yield* parsed
      assert.deepStrictEqual(
        objects.map((one) => [one.object, one.rows]),
        keys.map((key, i) => [key, [32, 32, 32, 4][i]]),
      )
      const texts = yield* Effect.forEach(keys, textOf)
      assert.deepStrictEqual(
        objects.map((one) => [one.bytes, one.md5]),
        texts.map((text) => [text.length, createHash("md5").update(text).digest("hex")]),
      )
      assert.deepStrictEqual([rows, bytes], [100, texts.join("").length])
    }).pipe(Effect.provide(world({ FULL_OBJECT_SIZE: "300" }))),
  )

  it.effect("names in its manifest no object beside the list", () =>
    Effect.gen(function* () {
      yield* manyRows
      yield* Pipeline.full
      const file: unknown = JSON.parse(yield* textOf(manifest))
      assert.doesNotHaveAnyKeys(file, ["object", "bytes", "md5"])
      assert.containsAllKeys(file, ["objects", "rows", "table", "dataset"])
    }).pipe(Effect.provide(world({ FULL_OBJECT_SIZE: "300" }))),
  )

  it.effect("is one object again where the bound is not reached", () =>
    Effect.gen(function* () {
      yield* manyRows
      yield* Pipeline.full
      assert.deepStrictEqual(yield* lakeKeys, [manifest, object(1)])
    }).pipe(Effect.provide(world({ FULL_OBJECT_SIZE: "10kB" }))),
  )

  it.effect("has no empty object after its last rows, where they reach the bound", () =>
    Effect.gen(function* () {
      yield* manyRows
      yield* Pipeline.full
      assert.strictEqual((yield* parsed).objects.at(-1)?.rows, 4)
      assert.strictEqual((yield* parsed).objects.length, 7)
    }).pipe(Effect.provide(world({ FULL_OBJECT_SIZE: "1" }))),
  )

  it.effect("is not cut where a chunk ends in the middle of a row", () =>
    Effect.gen(function* () {
      yield* manyRows
      yield* Effect.provideServiceEffect(Pipeline.full, SourceTables, readBy(1, true))
      const { objects } = yield* parsed
      assert.strictEqual(objects.length, 7)
      assert.deepStrictEqual(sortedIds(yield* rowsIn(objects.map((one) => one.object))), oneToHundred)
    }).pipe(Effect.provide(world({ FULL_OBJECT_SIZE: "1" }))),
  )

  it.effect("counts bytes of CSV, whatever the compression leaves of them", () =>
    Effect.gen(function* () {
      yield* manyRows
      yield* Pipeline.full
      assert.deepStrictEqual(
        (yield* parsed).objects.map(({ rows }) => rows),
        [32, 32, 32, 4],
      )
    }).pipe(Effect.provide(world({ FULL_OBJECT_SIZE: "300", CSV_COMPRESSION: "gzip" }))),
  )
})

describe("a copy by several readers", () => {
  it.effect("has objects of each, and lists them by their names", () =>
    Effect.gen(function* () {
      yield* manyRows
      yield* Effect.provideServiceEffect(Pipeline.full, SourceTables, readBy(3))
      const { objects } = yield* parsed
      assert.deepStrictEqual(
        objects.map((one) => one.object),
        [1, 2, 3].map(object),
      )
      assert.deepStrictEqual(objects.map(({ rows }) => rows).sort(), [32, 32, 36])
      assert.deepStrictEqual(sortedIds(yield* rowsIn([1, 2, 3].map(object))), oneToHundred)
    }).pipe(Effect.provide(world())),
  )

  it.effect("has several of each above the bound", () =>
    Effect.gen(function* () {
      yield* manyRows
      yield* Effect.provideServiceEffect(Pipeline.full, SourceTables, readBy(2))
      const { objects } = yield* parsed
      assert.strictEqual(objects.length, 7)
      assert.deepStrictEqual(sortedIds(yield* rowsIn(objects.map((one) => one.object))), oneToHundred)
    }).pipe(Effect.provide(world({ FULL_OBJECT_SIZE: "100" }))),
  )

  it.effect("is one object of the header alone where none has rows", () =>
    Effect.gen(function* () {
      yield* shop
      yield* Effect.provideServiceEffect(Pipeline.full, SourceTables, readBy(3))
      assert.deepStrictEqual(yield* lakeKeys, [manifest, object(1)])
      assert.strictEqual(yield* textOf(object(1)), header)
    }).pipe(Effect.provide(world())),
  )

  it.effect("that fails leaves objects without a manifest, and the next one takes later names", () =>
    Effect.gen(function* () {
      yield* manyRows
      let commits = 0
      const lost = new StoreError({ reason: "NotWritable", subject: "lake", detail: "no permission" })
      const thirdFails = gated(Effect.suspend(() => (++commits === 3 ? Effect.fail(lost) : Effect.void)))
      const failing = Pipeline.full.pipe(
        Effect.provideServiceEffect(SourceTables, readBy(2)),
        Effect.provideServiceEffect(ObjectStore, thirdFails),
      )
      assert.strictEqual(exitCode(yield* ended(failing)), 2)
      const left = yield* lakeKeys
      assert.isAbove(left.length, 0)
      assert.isTrue(left.every((key) => key.endsWith(".csv")))
      yield* Pipeline.full
      const { list } = yield* ObjectStore
      const keys = (yield* Stream.runCollect(list("full/"))).map(({ key }) => key)
      const found = keys.filter((key) => key.endsWith(".json"))
      const next = Result.getOrThrow(Manifest.parse(yield* textOf(found[0] ?? "")))
      assert.strictEqual(found.length, 1)
      assert.isTrue(next.objects.every(({ object }) => !left.includes(object)))
      assert.deepStrictEqual(sortedIds(yield* rowsIn(next.objects.map(({ object }) => object))), oneToHundred)
    }).pipe(Effect.provide(world({ FULL_OBJECT_SIZE: "300" }))),
  )

  it.effect("ends its sessions before its last objects are sent, so that an ALTER TABLE need not wait", () =>
    Effect.gen(function* () {
      yield* manyRows
      const order: Array<string> = []
      const note = (what: string) => Effect.sync(() => void order.push(what))
      const source = yield* readBy(2)
      const noting = SourceTables.of({
        ...source,
        snapshot: (tables) =>
          Effect.map(source.snapshot(tables), (snapshot) => ({
            ...snapshot,
            copy: (description) => ({
              open: (divideFrom) =>
                Effect.andThen(
                  Effect.addFinalizer(() => note("end of sessions")),
                  snapshot.copy(description).open(divideFrom),
                ),
            }),
            release: (table) => Effect.andThen(note("release"), snapshot.release(table)),
          })),
      })
      yield* Pipeline.full.pipe(
        Effect.provideService(SourceTables, noting),
        Effect.provideServiceEffect(ObjectStore, gated(note("commit"))),
      )
      assert.deepStrictEqual(order, ["end of sessions", "release", "commit", "commit"])
    }).pipe(Effect.provide(world())),
  )
})
