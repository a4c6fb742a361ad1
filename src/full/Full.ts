/** Copies one table of a snapshot into one object, or one per leaf, and writes the manifest. */
import { DateTime, Effect } from "effect"
import { maskOf } from "../columns/DatasetMask.ts"
import { datasetProjection } from "../columns/DatasetProjection.ts"
import { type ProjectedTable, projectedTable } from "../columns/ProjectedTable.ts"
import type { KnownColumns } from "../core/columns/Projection.ts"
import * as Lsn from "../core/Lsn.ts"
import * as Manifest from "../core/lake/Manifest.ts"
import { manifestKey } from "../core/lake/ObjectKey.ts"
import type { LakeFolders } from "../core/lake/Watermark.ts"
import { printTable, type SourceTable } from "../core/source/SourceTable.ts"
import { publish } from "../observe/PipelineEvents.ts"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import { Progress } from "../services/Progress.ts"
import type { Snapshot } from "../services/source/SourceTables.ts"
import { Settings } from "../settings/Settings.ts"
import { copiedObjects } from "./CopiedObjects.ts"
import { warnWithoutIdentity } from "./TableChecks.ts"

const isoNow = Effect.map(DateTime.now, DateTime.formatIso)

/** The lists of a table that has such columns. */
const maskedColumns = ({ excluded, hashed }: ProjectedTable) =>
  excluded.length + hashed.length > 0 ? { excluded, hashed } : {}

const maskIn = (mask: string | undefined) => (mask === undefined ? {} : { mask })

/** Writes the COPY's bytes into the object unchanged, without parsing them into rows. Hashed columns alone are rewritten. */
export const copyTable = Effect.fn("Full.copyTable")(function* (
  snapshot: Snapshot,
  { table, dataset }: SourceTable,
  layout: LakeFolders,
  slot: string,
  known: KnownColumns | undefined,
) {
  const store = yield* ObjectStore
  const progress = yield* Progress
  const startedAt = yield* isoNow
  const { columns: rules, tables: entries } = yield* Settings
  const projected = yield* projectedTable(
    yield* snapshot.describe(table),
    datasetProjection(rules, entries, dataset, [table])?.knowing(known),
  )
  const { description } = projected
  yield* warnWithoutIdentity(description)
  const bar = yield* progress.show(`full ${dataset}`, description.estimatedBytes)
  const objects = yield* copiedObjects(
    snapshot,
    projected,
    dataset,
    layout,
    bar.advance,
    // The table is read: sessions that wait to alter it need not wait for the lake or for the next tables.
    snapshot.release(table),
  )
  const manifest = Manifest.manifestOf(
    {
      table: printTable(table),
      dataset,
      columns: projected.columns,
      ...maskedColumns(projected),
      ...maskIn(maskOf(projected.projection)),
      primary_key: description.primaryKey,
      snapshot: snapshot.id,
      lsn: Lsn.print(snapshot.lsn),
      slot,
      database: snapshot.source.database,
      system_identifier: snapshot.source.systemIdentifier,
      started_at: startedAt,
      finished_at: yield* isoNow,
    },
    objects,
  )
  const { object, rows, bytes } = manifest
  yield* store.put(manifestKey(object), Buffer.from(Manifest.print(manifest)))
  yield* Effect.annotateCurrentSpan({ dataset, rows, bytes })
  yield* publish((at) => ({ _tag: "TableCopied", at, dataset, rows, bytes, objects: objects.length, object }))
  return manifest
}, Effect.scoped)
