/** The real world: PostgreSQL, and a lake in a bucket or a folder. */
import { Layer, Option } from "effect"
import type { Compression } from "../src/services/Compression.ts"
import type { ObjectStore } from "../src/services/ObjectStore.ts"
import type { Progress } from "../src/services/Progress.ts"
import type { ReplicationSlot } from "../src/services/ReplicationSlot.ts"
import type { SlotInspection } from "../src/services/SlotInspection.ts"
import type { SourceInspection } from "../src/services/SourceInspection.ts"
import type { SourceTables } from "../src/services/SourceTables.ts"
import type { Spool } from "../src/services/Spool.ts"
import { StoreError } from "../src/services/StoreError.ts"
import type { WatermarkStore } from "../src/services/WatermarkStore.ts"
import { Settings } from "../src/settings/Settings.ts"
import * as FolderObjectStore from "./FolderObjectStore.ts"
import * as LakeWatermarkStore from "./LakeWatermarkStore.ts"
import * as MinioObjectStore from "./MinioObjectStore.ts"
import * as NodeCompression from "./NodeCompression.ts"
import * as PostgresInspection from "./PostgresInspection.ts"
import * as PostgresReplicationSlot from "./PostgresReplicationSlot.ts"
import * as PostgresSlotInspection from "./PostgresSlotInspection.ts"
import * as PostgresSourceTables from "./PostgresSourceTables.ts"
import * as TempFileSpool from "./TempFileSpool.ts"
import * as TerminalProgress from "./TerminalProgress.ts"

const objectStore = ({ lake, lakeUmask, s3 }: Settings["Service"]): Layer.Layer<ObjectStore, StoreError> => {
  if (lake._tag === "Folder") return FolderObjectStore.layer(lake.path, undefined, lakeUmask)
  if (Option.isNone(s3)) {
    // Settings refuse a bucket without keys: this is for whoever builds settings by hand.
    return Layer.unwrap(
      new StoreError({ reason: "Denied", subject: `s3://${lake.bucket}`, detail: "no keys are set" }),
    )
  }
  const { endpoint, accessKey, secretKey, sessionToken, region } = s3.value
  return MinioObjectStore.layer({
    endpoint: endpoint.origin,
    accessKey,
    secretKey,
    region,
    bucket: lake.bucket,
    prefix: lake.prefix,
    ...Option.match(sessionToken, { onNone: () => ({}), onSome: (token) => ({ sessionToken: token }) }),
  })
}

export type Services =
  | Settings
  | Compression
  | ObjectStore
  | WatermarkStore
  | SourceTables
  | SourceInspection
  | SlotInspection
  | ReplicationSlot
  | Spool
  | Progress

/** Everything that the pipelines need, as the settings say. Connects to nothing yet. */
export const live = (settings: Settings["Service"]): Layer.Layer<Services, StoreError> =>
  Layer.mergeAll(
    Layer.succeed(Settings, settings),
    LakeWatermarkStore.layer.pipe(Layer.provideMerge(objectStore(settings))),
    PostgresSlotInspection.layer(settings.source, settings.slot),
    PostgresSourceTables.layer(settings.source, settings.fullParallel),
    PostgresInspection.layer(settings.source),
    PostgresReplicationSlot.layer(settings.source, settings.slot),
    NodeCompression.layer(settings.csvCompression),
    TempFileSpool.layer,
    TerminalProgress.layer,
  )
