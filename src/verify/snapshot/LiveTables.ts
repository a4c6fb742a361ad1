/** Copies the tables to this machine under one snapshot. Leaves out a table that cannot be copied and copies the others again. */
import { Cause, Effect, Exit, Option, Stream } from "effect"
import { datasetProjection } from "../../columns/DatasetProjection.ts"
import { oneCsv, projectedCopy } from "../../columns/ProjectedCopy.ts"
import { type ProjectedTable, projectedTable } from "../../columns/ProjectedTable.ts"
import type { KnownColumns } from "../../core/columns/Projection.ts"
import type { SourceTable } from "../../core/source/SourceTable.ts"
import { isTransient, limitedRetry, retrying } from "../../retry/RetryPolicy.ts"
import type { ComparedTable, TableRows } from "../../services/lake/ComparedRows.ts"
import type { ComparisonError } from "../../services/lake/ComparisonError.ts"
import { Progress } from "../../services/Progress.ts"
import { SourceError } from "../../services/source/SourceError.ts"
import { type Snapshot, SourceTables, type TableDescription } from "../../services/source/SourceTables.ts"
import { Settings } from "../../settings/Settings.ts"
import { readCopy } from "../rows/FullReading.ts"
import { failureOf, type TableFailure } from "../table/TableFailure.ts"
import { comparedTable } from "../table/TableIdentity.ts"
import { snapshotView } from "./SnapshotView.ts"

/** A table as the snapshot sees it. */
export interface LiveTable {
  readonly source: SourceTable
  readonly description: TableDescription
  readonly projected: ProjectedTable
  readonly known: KnownColumns
  readonly table: ComparedTable
  /** None if it was not copied, because the lake has nothing to compare it with. */
  readonly rows: Option.Option<number>
  readonly stored: TableRows
}

const copyOne = Effect.fnUntraced(function* (
  snapshot: Snapshot,
  { source, stored, isInLake, known }: CopyRequest,
) {
  const progress = yield* Progress
  yield* stored.cut(0)
  const { columns: rules, tables } = yield* Settings
  const found = yield* snapshot.describe(source.table)
  const projected = yield* projectedTable(
    { ...found, columns: found.columns.filter(({ name }) => !found.virtualColumns.includes(name)) },
    datasetProjection(rules, tables, source.dataset, [source.table])?.knowing(known),
  )
  const { description } = projected
  const { columns } = description
  const table = comparedTable({ ...description, columns: columns.map(({ name }) => name) })
  const bar = yield* progress.show(`verify ${source.dataset}: the table`, description.estimatedBytes)
  const csv = Stream.tap(oneCsv(projectedCopy(snapshot, projected)), (chunk) =>
    Effect.sync(() => bar.advance(chunk.length)),
  )
  const isCompared = isInLake && Option.isNone(description.notFollowed)
  const rows = isCompared ? Option.some(yield* readCopy(csv, stored, table)) : Option.none<number>()
  yield* snapshot.release(source.table)
  const live: LiveTable = { source, description, projected, known, table, rows, stored }
  return live
}, Effect.scoped)

export interface CopyRequest {
  readonly source: SourceTable
  /** Receives the rows. */
  readonly stored: TableRows
  /** False if the lake has no `full` of the table: then it is described only. */
  readonly isInLake: boolean
  /** The columns that the lake has, if others are dropped. */
  readonly known: KnownColumns
}

const unknownFormat = (id: string) =>
  new SourceError({ reason: "Failed", subject: "snapshot", detail: `"${id}" is not understood` })

/** Calls `begins` with each table before it is copied, and with undefined before the snapshot is taken. */
const copyAll = Effect.fnUntraced(function* (
  requests: ReadonlyArray<CopyRequest>,
  begins: (request: CopyRequest | undefined) => void,
) {
  begins(undefined)
  const catalog = yield* SourceTables
  const snapshot = yield* catalog.snapshot(requests.map(({ source }) => source.table))
  const sees = snapshotView(snapshot.id, snapshot.lsn)
  if (Option.isNone(sees)) return yield* unknownFormat(snapshot.id)
  const tables = yield* Effect.forEach(requests, (request) => {
    begins(request)
    return copyOne(snapshot, request)
  })
  return { id: snapshot.id, lsn: snapshot.lsn, source: snapshot.source, sees: sees.value, tables }
}, Effect.scoped)

/** Tries a snapshot for each table alone: a missing or unreadable table fails the snapshot of all. Returns those that fail. */
const refusedAlone = Effect.fnUntraced(function* (requests: ReadonlyArray<CopyRequest>) {
  const catalog = yield* SourceTables
  const refused = new Map<CopyRequest, TableFailure>()
  for (const request of requests) {
    const exit = yield* Effect.exit(Effect.scoped(catalog.snapshot([request.source.table])))
    if (Exit.isFailure(exit) && isOfOneTable(exit.cause)) refused.set(request, failureOf(exit.cause))
  }
  return refused
})

/** False for an unreachable source, which concerns all tables. */
const isOfOneTable = (cause: Cause.Cause<unknown>): boolean => {
  const error = Cause.squash(cause)
  return !Cause.hasInterruptsOnly(cause) && !(error instanceof SourceError && isTransient(error))
}

/** Returns the tables as one snapshot sees them, and why others could not be copied. `explain` adds detail to a failure. */
export const copyTables = Effect.fn("LiveTables.copyTables")(function* <E2, R2>(
  wanted: ReadonlyArray<CopyRequest>,
  explain: (error: SourceError | ComparisonError) => Effect.Effect<never, E2, R2>,
) {
  const failed = new Map<SourceTable, TableFailure>()
  for (;;) {
    const requests = wanted.filter(({ source }) => !failed.has(source))
    let current: CopyRequest | undefined
    const exit = yield* Effect.exit(
      retrying(
        limitedRetry,
        copyAll(requests, (request) => (current = request)),
      ).pipe(Effect.catch(explain)),
    )
    if (Exit.isSuccess(exit)) return { ...exit.value, failed }
    const refused =
      current === undefined
        ? yield* refusedAlone(requests)
        : new Map(isOfOneTable(exit.cause) ? [[current, failureOf(exit.cause)]] : [])
    if (refused.size === 0) return yield* Effect.failCause(exit.cause)
    for (const [{ source, stored }, failure] of refused) {
      failed.set(source, failure)
      yield* Effect.ignore(stored.cut(0))
    }
  }
})
