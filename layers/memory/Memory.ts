/** All services of the pipelines in memory: one PostgreSQL, one lake, one comparison. Each build of the layer has its own. */
import { Layer } from "effect"
import { Progress } from "../../src/services/Progress.ts"
import type { Compression } from "../../src/settings/Settings.ts"
import * as CsvFormat from "../csv/CsvFormat.ts"
import * as LakeWatermarkStore from "../store/LakeWatermarkStore.ts"
import * as MemoryComparison from "./comparison/MemoryComparison.ts"
import * as MemoryObjectStore from "./MemoryObjectStore.ts"
import * as MemorySpool from "./MemorySpool.ts"
import { MemoryPostgres } from "./postgres/MemoryPostgres.ts"
import * as MemoryChangeSource from "./source/MemoryChangeSource.ts"
import * as MemoryReplicationSlot from "./source/MemoryReplicationSlot.ts"
import * as MemorySourceTables from "./source/MemorySourceTables.ts"

/** The lake, with the watermark as one of its objects. */
export const lake = LakeWatermarkStore.layer.pipe(Layer.provideMerge(MemoryObjectStore.layer))

/** The source: the service `MemoryPostgres` for tests, and the services that the pipelines read. */
export const source = (slot: string) =>
  Layer.mergeAll(
    MemorySourceTables.layer,
    MemoryReplicationSlot.layer(slot),
    MemoryChangeSource.layer(slot),
  ).pipe(Layer.provideMerge(Layer.merge(MemoryPostgres.layer, MemorySpool.layer)))

export const layer = (slot: string, compression: Compression = "none") =>
  Layer.mergeAll(lake, source(slot), CsvFormat.layer(compression), MemoryComparison.layer, Progress.silent)
