/** The real world: PostgreSQL, and a lake in a bucket or a folder. */
import { Layer, Option } from "effect"
import type { ObjectStore } from "../src/services/lake/ObjectStore.ts"
import type { StoreAdmin } from "../src/services/lake/StoreAdmin.ts"
import type { StoreError } from "../src/services/lake/StoreError.ts"
import { Settings } from "../src/settings/Settings.ts"
import * as CsvFormat from "./csv/CsvFormat.ts"
import * as FolderObjectStore from "./folder/FolderObjectStore.ts"
import * as TempFileSpool from "./node/TempFileSpool.ts"
import * as TerminalProgress from "./observe/TerminalProgress.ts"
import * as PostgresSourceTables from "./postgres/copy/PostgresSourceTables.ts"
import * as PostgresInspection from "./postgres/inspection/PostgresInspection.ts"
import * as PostgresChangeSource from "./postgres/slot/PostgresChangeSource.ts"
import * as PostgresReplicationSlot from "./postgres/slot/PostgresReplicationSlot.ts"
import * as PostgresSlotInspection from "./postgres/slot/PostgresSlotInspection.ts"
import * as MinioObjectStore from "./s3/MinioObjectStore.ts"
import { s3Error } from "./s3/S3Remedies.ts"
import * as LakeWatermarkStore from "./store/LakeWatermarkStore.ts"

const objectStore = ({
  lake,
  lakeUmask,
  s3,
}: Settings["Service"]): Layer.Layer<ObjectStore | StoreAdmin, StoreError> => {
  if (lake._tag === "Folder") return FolderObjectStore.layer(lake.path, undefined, lakeUmask)
  if (Option.isNone(s3)) {
    // Settings refuse a bucket without keys. This is for code that builds settings itself.
    return Layer.unwrap(
      s3Error({ reason: "Denied", subject: `s3://${lake.bucket}`, detail: "no keys are set" }),
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

/** Everything that the pipelines need, as the settings say. Connects to nothing yet. */
export const live = (settings: Settings["Service"]) =>
  Layer.mergeAll(
    Layer.succeed(Settings, settings),
    LakeWatermarkStore.layer.pipe(Layer.provideMerge(objectStore(settings))),
    PostgresSlotInspection.layer(settings.source, settings.slot),
    PostgresSourceTables.layer(settings.source, settings.fullParallel),
    PostgresInspection.layer(settings.source),
    PostgresReplicationSlot.layer(settings.source, settings.slot),
    CsvFormat.layer(settings.csvCompression),
    PostgresChangeSource.layer(settings.source, settings.slot).pipe(Layer.provideMerge(TempFileSpool.layer)),
    TerminalProgress.layer,
  )
