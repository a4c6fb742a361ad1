/** Reads the changes of one table after its copy: those in the lake, and those that only the slot holds yet. */
import { Effect, Option, Result, Stream } from "effect"
import * as Lsn from "../../core/Lsn.ts"
import type { Manifest } from "../../core/lake/Manifest.ts"
import type { ChangePosition, ComparedTable, TableChanges } from "../../services/lake/ComparedRows.ts"
import { ObjectStore, type StoredObject } from "../../services/lake/ObjectStore.ts"
import { Progress } from "../../services/Progress.ts"
import type { ReportFinding } from "../report/FindingCounter.ts"
import type { ComparisonSnapshot } from "../snapshot/ComparisonSnapshot.ts"
import type { LiveTable } from "../snapshot/LiveTables.ts"
import { snapshotView } from "../snapshot/SnapshotView.ts"
import type { ColumnMatching } from "./ColumnMatches.ts"
import type { ColumnNames } from "./ColumnNames.ts"
import { beforeEverything, type IncChange, isAfter, readInc } from "./IncReading.ts"

const later = (a: ChangePosition, b: ChangePosition): ChangePosition => (isAfter(a, b) ? a : b)

/** Reads the changes of the lake, and those of the slot that a writer would still write, into `stored`. */
export const readChanges = Effect.fnUntraced(function* (
  snapshot: ComparisonSnapshot,
  { source, table }: LiveTable,
  manifest: Manifest,
  objects: ReadonlyArray<StoredObject>,
  matching: ColumnMatching,
  stored: TableChanges,
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
  const isNew = ({ lsn, xid }: IncChange) =>
    snapshot.sees(lsn, xid) && !Option.exists(copied, (sees) => sees(lsn, xid))
  let last = beforeEverything
  let counted = 0
  let disordered = false
  for (const [i, { key }] of objects.entries()) {
    const read = yield* readInc(store, key, i, last, {
      table,
      matching,
      isInLake: true,
      stored,
      counts: isNew,
      onBytes: bar.advance,
    })
    yield* Effect.forEach(read.findings, report)
    names.add(key, read.columns)
    last = read.last
    counted += read.counted
    disordered ||= read.disordered
  }
  const pending = Result.isFailure(snapshot.pending)
    ? 0
    : yield* readPending(snapshot.pending.success, snapshot, source.dataset, last, isNew, objects.length, {
        table,
        matching,
        stored,
      })
  return { changes: counted + pending, pending, disordered }
}, Effect.scoped)

/**
 * Skips changes at or before the watermark or the lake's newest row: a writer never writes these again. So a row that the
 * lake has lost there is reported, although the slot may still hold it.
 */
const readPending = Effect.fnUntraced(function* (
  store: ObjectStore["Service"],
  snapshot: ComparisonSnapshot,
  dataset: string,
  newest: ChangePosition,
  isNew: (change: IncChange) => boolean,
  firstNumber: number,
  {
    table,
    matching,
    stored,
  }: { readonly table: ComparedTable; readonly matching: ColumnMatching; readonly stored: TableChanges },
) {
  const covered = Option.match(snapshot.watermark, {
    onNone: () => beforeEverything,
    onSome: ({ position }): ChangePosition => ({
      lsn: Lsn.printSortable(position),
      seq: Number.MAX_SAFE_INTEGER,
    }),
  })
  const after = later(covered, newest)
  const counts = (change: IncChange) => isAfter(change, after) && isNew(change)
  const objects = yield* Stream.runCollect(store.list(`inc/${dataset}/`))
  let counted = 0
  for (const [i, { key }] of objects.entries()) {
    const read = yield* readInc(store, key, firstNumber + i, beforeEverything, {
      table,
      matching,
      isInLake: false,
      stored,
      counts,
      onBytes: () => {},
    })
    counted += read.counted
  }
  return counted
})
