/** The tables that a writer follows while it lives: the catalog is asked before each batch. */
import { Effect, Option } from "effect"
import * as Lsn from "../../core/Lsn.ts"
import type { SourceTable } from "../../core/source/SourceTable.ts"
import type { ChangeSession } from "../../services/source/ChangeSource.ts"
import { inRenamedSchemas, type SchemaRename, watchRename } from "./SchemaRename.ts"
import {
  askedRelations,
  changedSince,
  type DatasetLines,
  type FollowedTable,
  isChange,
  linesAfter,
  seenAgain,
  type TablePlan,
  withoutChanges,
} from "./TablePlan.ts"
import { planTables } from "./TablePlanning.ts"

export interface FollowedTables {
  /** As SOURCE_TABLES names them. */
  readonly configured: ReadonlyArray<SourceTable>
  /** What the next batch reads. */
  readonly now: ReadonlyArray<FollowedTable>
  /** Of a schema, as it was known when the WAL was looked at last. */
  readonly rename: Option.Option<SchemaRename>
  /** By dataset: what the last look at the catalog has found of its table. */
  readonly seen: ReadonlyMap<string, string>
  /** Warnings that were given, so that each is given once. */
  readonly warned: ReadonlySet<string>
}

/** The same text for the same table, under the same name, in the same rows of the catalog. */
export const seenTables = (followed: ReadonlyArray<FollowedTable>): ReadonlyMap<string, string> =>
  new Map(
    followed.map(({ dataset, table, oid, mark }) => [
      dataset,
      JSON.stringify([
        table,
        Option.getOrNull(oid),
        ...Option.toArray(mark).map((rows) => [rows.table, rows.schema]),
      ]),
    ]),
  )

/**
 * Datasets whose table changes, and whose WAL cannot be known to be read up to the change. A look shows what was done before
 * it, and so after `flushed`: only what the look before has shown too lies before `flushed`.
 */
const pendingDatasets = (
  lines: DatasetLines,
  known: FollowedTables,
  seen: ReadonlyMap<string, string>,
  followed: ReadonlyArray<FollowedTable>,
): ReadonlyArray<string> =>
  followed
    .filter(({ names, ...one }) => names.length > 1 || Option.isSome(changedSince(lines, { names, ...one })))
    .map(({ dataset }) => dataset)
    .filter((dataset) => known.seen.get(dataset) !== seen.get(dataset))

const warn = ({ warnings }: TablePlan, warned: ReadonlySet<string>) =>
  Effect.forEach(
    [...warnings].filter(([, text]) => !warned.has(text)),
    ([dataset, text]) => Effect.logWarning(text).pipe(Effect.annotateLogs({ dataset })),
    { discard: true },
  )

/** A table of which the WAL may hold rows under a name that nobody saw. */
export interface UncertainTable extends FollowedTable {
  /** All transactions with a lower id, 64 bits, had ended when its name was known last. */
  readonly since: bigint
  /** It may have been in a schema of another name, but had its own name all along. */
  readonly hasKeptName: boolean
}

export const uncertainTables = (
  lines: DatasetLines,
  followed: ReadonlyArray<FollowedTable>,
): ReadonlyArray<UncertainTable> =>
  followed.flatMap((one) =>
    Option.toArray(changedSince(lines, one)).map((recorded) => ({
      ...one,
      since: recorded.endedBelow,
      hasKeptName: Option.exists(one.mark, (now) => now.table === recorded.table),
    })),
  )

/** From when on names count as unknown; undefined where all names are known. */
export const sinceOf = (unsure: ReadonlyArray<UncertainTable>): bigint | undefined =>
  unsure.reduce<bigint | undefined>(
    (first, { since }) => (first === undefined || since < first ? since : first),
    undefined,
  )

/**
 * Returns the tables to read up to `flushed`, and what changes there. `flushed` must have been read before: so a rename is
 * known when its rows are read. Fails with `OtherTable` where going on would mix two tables.
 */
export const readCatalog = Effect.fnUntraced(function* (
  session: Pick<ChangeSession, "relations" | "newXid" | "oldestXid">,
  known: FollowedTables,
  lines: DatasetLines,
  readUpTo: Lsn.Lsn,
  flushed: Lsn.Lsn,
) {
  const { configured } = known
  const datasets = new Set(known.now.map(({ dataset }) => dataset))
  const found = yield* Effect.fromResult(
    planTables({
      configured,
      lines,
      position: readUpTo,
      followed: datasets,
      withObjects: datasets,
      catalog: yield* session.relations(askedRelations(configured, lines)),
      isRunning: true,
      isCaughtUp: flushed <= readUpTo,
    }),
  )
  yield* warn(found, known.warned)
  const renamed = inRenamedSchemas(lines, found.before)
  const rename = yield* watchRename(session, renamed, known.rename)
  // What was known before `flushed` was read: a transaction that has ended since may have its COMMIT after that.
  const isOver = Option.exists(
    known.rename,
    (seen) => seen.isOver && Option.exists(rename, ({ tables }) => tables === seen.tables),
  )
  const seen = seenTables(found.after)
  const pending = new Set([
    ...pendingDatasets(lines, known, seen, found.before),
    ...(isOver ? [] : renamed.map(({ dataset }) => dataset)),
  ])
  const plan = withoutChanges(found, pending)
  const change = isChange(lines, plan) ? Option.some(plan) : Option.none<TablePlan>()
  const tables: FollowedTables = {
    configured,
    rename,
    seen,
    now: Option.isSome(change) ? plan.before : plan.after,
    warned: new Set([...known.warned, ...plan.warnings.values()]),
  }
  return {
    tables,
    change,
    unsure: uncertainTables(lines, found.before),
    catalog: seenAgain(lines, found.before),
  }
})

/** The change takes effect at `lsn`: all WAL up to there is read. Returns what the watermark says of datasets from then on. */
export const settle = Effect.fnUntraced(function* (
  session: Pick<ChangeSession, "newXid">,
  lines: DatasetLines,
  plan: TablePlan,
  lsn: Lsn.Lsn,
) {
  const xid = plan.anew.size > 0 ? Option.some(yield* session.newXid) : Option.none()
  const at = Lsn.print(lsn)
  for (const [dataset, reason] of plan.anew)
    yield* Effect.logInfo("cdc: dataset begins").pipe(Effect.annotateLogs({ dataset, reason, from: at }))
  for (const dataset of plan.leaving)
    yield* Effect.logInfo("cdc: dataset left").pipe(Effect.annotateLogs({ dataset, upTo: at }))
  return linesAfter(lines, plan, lsn, xid)
})
