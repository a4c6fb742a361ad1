/** What of one table was changed after its copy: what the lake has of it, and what only the slot holds yet. */
import { Effect, Option, Result, Stream } from "effect"
import * as Lsn from "../../core/Lsn.ts"
import type { Manifest } from "../../core/lake/Manifest.ts"
import type { RowFile } from "../../services/lake/LakeComparison.ts"
import { ObjectStore, type StoredObject } from "../../services/lake/ObjectStore.ts"
import { Progress } from "../../services/Progress.ts"
import type { ReportFinding } from "../report/FindingCounter.ts"
import type { ComparisonSnapshot } from "../snapshot/ComparisonSnapshot.ts"
import type { LiveTable } from "../snapshot/LiveTables.ts"
import { snapshotView } from "../snapshot/SnapshotView.ts"
import type { ComparedTable } from "../sql/ComparedTable.ts"
import type { ColumnNames } from "./ColumnNames.ts"
import { beforeAll, type Change, isAfter, type Place, readInc } from "./IncReading.ts"

const later = (a: Place, b: Place): Place => (isAfter(a, b) ? a : b)

/** The changes of the lake, and those of the slot that a writer would still write. */
export const readChanges = Effect.fnUntraced(function* (
  snapshot: ComparisonSnapshot,
  { source, table }: LiveTable,
  manifest: Manifest,
  objects: ReadonlyArray<StoredObject>,
  file: RowFile,
  names: ColumnNames,
  report: ReportFinding,
) {
  const store = yield* ObjectStore
  const progress = yield* Progress
  const bar = yield* progress.show(
    `verify ${source.dataset}: inc`,
    objects.reduce((sum, { bytes }) => sum + bytes, 0),
  )
  const copied = Option.flatMap(Lsn.parse(manifest.lsn), (lsn) => snapshotView(manifest.snapshot, lsn))
  const isNew = ({ lsn, xid }: Change) =>
    snapshot.sees(lsn, xid) && !Option.exists(copied, (sees) => sees(lsn, xid))
  let last = beforeAll
  let counted = 0
  let disordered = false
  for (const [i, { key }] of objects.entries()) {
    const read = yield* readInc(store, key, i, last, { table, file, counts: isNew, onBytes: bar.advance })
    yield* Effect.forEach(read.findings, report)
    names.see(key, read.columns)
    last = read.last
    counted += read.counted
    disordered ||= read.disordered
  }
  const pending = Result.isFailure(snapshot.pending)
    ? 0
    : yield* readWaiting(snapshot.pending.success, snapshot, source.dataset, last, isNew, objects.length, {
        table,
        file,
      })
  return { changes: counted + pending, pending, disordered }
}, Effect.scoped)

/**
 * Changes at or before the watermark, or before the lake's newest row, are never written again: there the lake is compared by
 * what it has, although the slot may still know better.
 */
const readWaiting = Effect.fnUntraced(function* (
  store: ObjectStore["Service"],
  snapshot: ComparisonSnapshot,
  dataset: string,
  newest: Place,
  isNew: (change: Change) => boolean,
  firstNumber: number,
  { table, file }: { readonly table: ComparedTable; readonly file: RowFile },
) {
  const covered = Option.match(snapshot.watermark, {
    onNone: () => beforeAll,
    onSome: ({ position }): Place => ({ lsn: Lsn.printSortable(position), seq: Number.MAX_SAFE_INTEGER }),
  })
  const after = later(covered, newest)
  const counts = (change: Change) => isAfter(change, after) && isNew(change)
  const objects = yield* Stream.runCollect(store.list(`inc/${dataset}/`))
  let counted = 0
  for (const [i, { key }] of objects.entries()) {
    const read = yield* readInc(store, key, firstNumber + i, beforeAll, {
      table,
      file,
      counts,
      onBytes: () => {},
    })
    counted += read.counted
  }
  return counted
})
