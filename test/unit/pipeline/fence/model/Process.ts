/** One process of the program, from its start to its end. Only the store and the server are not its own. */
import { Cause, Effect, Exit, type Fiber, Layer, Option, type Scope } from "effect"
import { csvFormat } from "../../../../../layers/csv/CsvFormat.ts"
import * as LakeWatermarkStore from "../../../../../layers/store/LakeWatermarkStore.ts"
import type { PipelineError } from "../../../../../src/cdc/CurrentBatch.ts"
import type { ObjectEnding } from "../../../../../src/core/lake/ObjectEnding.ts"
import * as Pipeline from "../../../../../src/Pipeline.ts"
import { ObjectStore } from "../../../../../src/services/lake/ObjectStore.ts"
import { RowFormat } from "../../../../../src/services/lake/RowFormat.ts"
import { WatermarkStore } from "../../../../../src/services/lake/WatermarkStore.ts"
import { ReplicationSlot } from "../../../../../src/services/source/ReplicationSlot.ts"
import type { TablesRefused } from "../../../../../src/services/source/TablesRefused.ts"
import { settings, twoTables } from "../../../../support/memory/memoryWorld.ts"
import type { Random } from "../../../../support/Random.ts"
import { type LateLake, lateLake } from "./LateLake.ts"
import { type Rule, slotWithout, watermarkWithout } from "./Rules.ts"

/** Names end as a setting says, and that may change from one process to the next. The bytes are the same here. */
export const formatOf = (ending: ObjectEnding) =>
  csvFormat(ending, { around: (_, stored) => Effect.succeed(stored), plain: (_, stored) => stored })

export interface Surroundings {
  readonly random: Random
  readonly lake: LateLake
  readonly without: Rule | undefined
  /** What `BATCH_MAX_CHANGES` may be. */
  readonly batchMaxChanges: ReadonlyArray<string>
  /** Outlives every process: requests go on in it. */
  readonly world: Scope.Scope
}

/** Small ones cut batches short. */
export const anyBatchMaxChanges = ["1", "4", "1000000"]

/** Settings that may differ from one process to the next. */
const settingsOf = ({ random, batchMaxChanges }: Surroundings) => ({
  SOURCE_TABLES: random.pick([twoTables.SOURCE_TABLES, "db_loja.pedido=pedidos, db_loja.cliente=clientes"]),
  BATCH_MAX_CHANGES: random.pick(batchMaxChanges),
  POLL_INTERVAL: random.pick(["1 second", "2 seconds", "5 seconds"]),
})

/** Starts one. */
export const startProcess = (surroundings: Surroundings) =>
  Effect.gen(function* () {
    const { random, lake, without, world } = surroundings
    const shared = yield* ObjectStore
    const own = lateLake(shared, lake, world, without)
    const watermark = yield* Effect.provide(
      watermarkWithout(without),
      Layer.fresh(LakeWatermarkStore.layer).pipe(Layer.provide(Layer.succeed(ObjectStore, own))),
    )
    const program = Pipeline.cdc({ once: false, noWait: false }).pipe(
      Effect.provideService(ObjectStore, own),
      Effect.provideService(WatermarkStore, watermark),
      Effect.provideServiceEffect(ReplicationSlot, slotWithout(without)),
      Effect.provideService(RowFormat, formatOf(random.pick([".csv", ".csv.gz"]))),
      Effect.provide(settings(settingsOf(surroundings))),
    )
    return yield* Effect.forkIn(program, world)
  })

export type Running = Fiber.Fiber<void, PipelineError | TablesRefused>

/** What a process ended with that has not been killed: none while it runs, or where it ended without a failure. */
export const failureOf = (fiber: Running): Option.Option<PipelineError | TablesRefused> => {
  const exit = fiber.pollUnsafe()
  return exit !== undefined && Exit.isFailure(exit) ? Cause.findErrorOption(exit.cause) : Option.none()
}

export const isRetryable = (error: PipelineError | TablesRefused): boolean =>
  error._tag !== "Refusal" && error.isRetryable
