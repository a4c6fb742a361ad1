/** A source and a lake in memory, with virtual time that begins on 2025-11-03 at 10:15:30 UTC. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Cause, ConfigProvider, Effect, Exit, Fiber, Layer, References, Runtime, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Memory from "../../../layers/memory/Memory.ts"
import { MemoryPostgres } from "../../../layers/memory/postgres/MemoryPostgres.ts"
import type { TableDefinition } from "../../../layers/memory/postgres/MemoryTable.ts"
import { watermarkKey } from "../../../src/core/lake/ObjectKey.ts"
import * as Pipeline from "../../../src/Pipeline.ts"
import { ObjectStore } from "../../../src/services/lake/ObjectStore.ts"
import type { StoreError } from "../../../src/services/lake/StoreError.ts"
import { WatermarkStore } from "../../../src/services/lake/WatermarkStore.ts"
import { Settings } from "../../../src/settings/Settings.ts"

export const slotName = "data_sync_slot"
export const beginning = Date.UTC(2025, 10, 3, 10, 15, 30)

export const settings = (variables: Readonly<Record<string, string>> = {}) =>
  Layer.provide(
    // Fresh: inside of a program that has settings already, these must be others.
    Layer.orDie(Layer.fresh(Settings.layer)),
    Layer.merge(
      ConfigProvider.layer(ConfigProvider.fromUnknown({ LAKE_URL: "file:./lake", ...variables })),
      NodeFileSystem.layer,
    ),
  )

const startOfTime = Layer.effectDiscard(TestClock.setTime(beginning))
const quiet = Layer.succeed(References.MinimumLogLevel, "None")

/** Settings as the environment gives them; by default one table, `db_loja.cliente=clientes`. */
export const world = (variables: Readonly<Record<string, string>> = {}) =>
  Layer.mergeAll(
    Memory.layer(slotName, variables["CSV_COMPRESSION"] === "gzip" ? "gzip" : "none"),
    settings(variables),
    startOfTime,
    quiet,
  )

export const cliente: TableDefinition = {
  table: { schema: "db_loja", name: "cliente" },
  columns: [
    { name: "id", type: "integer", nullable: false },
    { name: "nome", type: "character varying(80)", nullable: true },
    { name: "ativo", type: "boolean", nullable: false },
  ],
  primaryKey: ["id"],
}

/** Rows of it. */
export const ana = { id: "1", nome: "Ana", ativo: "true" }
export const bia = { id: "2", nome: "Bia", ativo: "false" }

export const pedido: TableDefinition = {
  table: { schema: "db_loja", name: "pedido" },
  columns: [
    { name: "id", type: "bigint", nullable: false },
    { name: "total", type: "numeric(12,2)", nullable: true },
  ],
  primaryKey: ["id"],
}

export const twoTables = { SOURCE_TABLES: "db_loja.cliente=clientes, db_loja.pedido=pedidos" }
/** The same, each in folders of its own. */
export const tablesInDatasets = { ...twoTables, LAKE_LAYOUT: "datasets" }
/** A row of `pedido`. */
export const order = { id: "7", total: "1.50" }

/** The tables and the slot; `cliente` is empty. */
export const shop = Effect.gen(function* () {
  const server = yield* MemoryPostgres
  const clientes = server.createTable(cliente)
  const pedidos = server.createTable(pedido)
  server.slots.create(slotName)
  return { server, clientes, pedidos }
})

export const cdcOnce = Pipeline.cdc({ once: true, noWait: false })
export const cdcForEver = Pipeline.cdc({ once: false, noWait: false })

/**
 * Runs beside the test, as far as it comes without waiting. The short sleep before it lets the clock know the fiber,
 * so that it waits for it here and after each `TestClock.adjust`.
 */
export const started = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.tap(Effect.forkChild(Effect.delay(program, "1 millis")), () => TestClock.adjust("1 millis"))

/** Runs to its end, and lets time pass where it waits. */
export const ended = <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<Exit.Exit<A, E>, never, R> =>
  Effect.gen(function* () {
    const fiber = yield* started(program)
    for (let seconds = 0; fiber.pollUnsafe() === undefined; seconds++) {
      if (seconds > 600) return yield* Effect.die(new Error("still running after ten minutes"))
      yield* TestClock.adjust("1 second")
    }
    return yield* Fiber.await(fiber)
  })

/** What the process would end with. */
export const exitCode = <A, E>(exit: Exit.Exit<A, E>): number =>
  Exit.isSuccess(exit) ? 0 : Runtime.getErrorExitCode(Cause.squash(exit.cause))

/** The failure of a program that must fail. */
export const failureOf = <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<E, A, R> =>
  Effect.flip(Effect.flatten(ended(program)))

/** The lake, but making an object visible waits for `gate`, and fails as it does. */
export const gated = (gate: Effect.Effect<void, StoreError>) =>
  Effect.map(ObjectStore, (store) =>
    ObjectStore.of({
      ...store,
      create: (key, how) =>
        Effect.map(store.create(key, how), (writer) => ({
          ...writer,
          commit: Effect.andThen(gate, writer.commit),
        })),
    }),
  )

/** The watermark, but the nth write of it goes as `play` says. A new lake: its first one, the announcement, the batch. */
export const nthWatermark = (
  nth: number,
  play: (write: Effect.Effect<string, StoreError>) => Effect.Effect<string, StoreError>,
) =>
  Effect.map(WatermarkStore, (store) => {
    let writes = 0
    return WatermarkStore.of({
      ...store,
      replace: (watermark, version) => {
        const write = store.replace(watermark, version)
        return ++writes === nth ? play(write) : write
      },
    })
  })

export const lakeKeys = Effect.gen(function* () {
  const { list } = yield* ObjectStore
  return (yield* Stream.runCollect(list(""))).map(({ key }) => key)
})

/** Keys of `inc`, in order, those of objects alone. */
export const incKeys = Effect.map(lakeKeys, (keys) => keys.filter((key) => /^inc\/.*\.csv(\.gz)?$/.test(key)))

export const textOf = (key: string) =>
  Effect.gen(function* () {
    const { read } = yield* ObjectStore
    return Buffer.concat(yield* Stream.runCollect(read(key))).toString()
  })

export const watermarkLines = Effect.map(textOf(watermarkKey), (text) => text.split("\n").slice(0, -1))

/** Every object under the prefix, one after the other. */
export const textsOf = (keys: ReadonlyArray<string>) =>
  Effect.map(Effect.forEach(keys, textOf), (texts) => texts.join(""))

export const put = (key: string, text: string) =>
  Effect.flatMap(ObjectStore, (store) => store.put(key, Buffer.from(text)))
