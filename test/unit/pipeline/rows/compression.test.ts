import { createHash } from "node:crypto"
import { gunzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result, Stream } from "effect"
import * as CsvFormat from "../../../../layers/csv/CsvFormat.ts"
import * as Manifest from "../../../../src/core/lake/Manifest.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { WatermarkStore } from "../../../../src/services/lake/WatermarkStore.ts"
import {
  ana,
  cdcOnce,
  failureOf,
  lakeKeys,
  nthWatermark,
  put,
  shop,
  textOf,
  world,
} from "../../../support/memory/memoryWorld.ts"

const gzip = { CSV_COMPRESSION: "gzip" }
const withoutGzip = Effect.provide(Layer.fresh(CsvFormat.layer("none")))

const storedBytes = (key: string) =>
  Effect.flatMap(ObjectStore, ({ read }) =>
    Effect.map(Stream.runCollect(read(key)), (all) => Buffer.concat(all)),
  )
const unzipped = (key: string) => Effect.map(storedBytes(key), (bytes) => gunzipSync(bytes).toString())

const first = "inc/date=20251103/cdc_20251103_101530.csv.gz"

/** More than one read of the end of an object takes, and more than one piece of gzip. */
const long = "á,".repeat(400_000)

/** The process dies before the watermark of its first batch in a new lake. */
const dying = Effect.provideServiceEffect(
  WatermarkStore,
  nthWatermark(3, () => Effect.interrupt),
)

const incObjects = Effect.map(lakeKeys, (keys) => keys.filter((key) => key.includes("/cdc_")))

describe("CSV_COMPRESSION=gzip", () => {
  it.effect("stores the CSV of full as gzip, and a manifest of the object as it is stored", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, { id: "1", nome: long, ativo: "true" }))
      yield* Pipeline.full
      const [manifestKey = "", key = ""] = yield* lakeKeys
      assert.strictEqual(key, "full/date=20251103/full_clientes_20251103_101530.csv.gz")
      assert.strictEqual(manifestKey, "full/date=20251103/_full_clientes_20251103_101530.json")
      assert.strictEqual(yield* unzipped(key), `id,nome,ativo\n1,"${long}",true\n`)
      const stored = yield* storedBytes(key)
      const { objects } = Result.getOrThrow(Manifest.parse(yield* textOf(manifestKey)))
      assert.deepStrictEqual(objects[0], {
        object: key,
        bytes: stored.length,
        md5: createHash("md5").update(stored).digest("hex"),
        rows: 1,
      })
    }).pipe(Effect.provide(world(gzip))),
  )

  it.effect("stores the CSV of inc as gzip", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, { id: "1", nome: long, ativo: "true" }))
      yield* cdcOnce
      const text = yield* unzipped(first)
      assert.isTrue(text.startsWith("_op,") && text.endsWith(`,,,1,"${long}",true\n`))
    }).pipe(Effect.provide(world(gzip))),
  )

  it.effect("finds the last row inside of gzip after a crash, and writes none twice", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* server.transact((tx) => tx.insert(clientes, { id: "2", nome: long, ativo: "true" }))
      yield* Effect.exit(dying(cdcOnce))
      assert.deepStrictEqual(yield* incObjects, [first])
      yield* server.transact((tx) => tx.insert(clientes, { id: "3", nome: "Bia", ativo: "true" }))
      yield* cdcOnce
      const keys = (yield* lakeKeys).filter((key) => key.endsWith(".gz"))
      const rows = (yield* Effect.forEach(keys, unzipped)).join("").split("\n")
      assert.deepStrictEqual(
        rows.filter((row) => row.startsWith("I")).map((row) => row.split(",")[7]),
        ["1", "2", "3"],
      )
    }).pipe(Effect.provide(world(gzip))),
  )

  it.effect(
    "can be begun and ended in the life of a lake: names go forward, and no row is written twice",
    () =>
      Effect.gen(function* () {
        const { server, clientes } = yield* shop
        const insert = (id: string) =>
          server.transact((tx) => tx.insert(clientes, { id, nome: null, ativo: "true" }))
        yield* insert("1")
        yield* Effect.exit(dying(cdcOnce))
        // The name that the dead process announced is used until what it may have sent is read again.
        yield* insert("2")
        yield* withoutGzip(cdcOnce)
        yield* insert("3")
        yield* withoutGzip(cdcOnce)
        yield* insert("4")
        yield* cdcOnce
        assert.deepStrictEqual(yield* incObjects, [
          first,
          "inc/date=20251103/cdc_20251103_101530_0002.csv.gz",
          "inc/date=20251103/cdc_20251103_101530_0003.csv",
          "inc/date=20251103/cdc_20251103_101530_0004.csv.gz",
        ])
        assert.match(yield* textOf("inc/date=20251103/cdc_20251103_101530_0003.csv"), /,3,,true\n$/)
      }).pipe(Effect.provide(world(gzip))),
  )

  it.effect("refuses to go on after an object that is not what its name says", () =>
    Effect.gen(function* () {
      yield* shop
      yield* put(first, "no gzip at all")
      const error = yield* failureOf(cdcOnce)
      assert.match(String(error), /cdc_20251103_101530\.csv\.gz/)
    }).pipe(Effect.provide(world(gzip))),
  )
})
