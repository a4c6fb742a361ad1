/** The tables that a running writer follows. Reads the catalog before each batch. */
import { Effect, Option } from "effect"
import type { ColumnRules } from "../../core/columns/Projection.ts"
import * as Lsn from "../../core/Lsn.ts"
import { hashOfLeaves } from "../../core/lake/LeafSet.ts"
import type { SourceTable } from "../../core/source/SourceTable.ts"
import type { ChangeSession } from "../../services/source/ChangeSource.ts"
import { changeOfLeaves, readLeaves, reportLeaves, withKnownLeaves } from "./FollowedLeaves.ts"
import { inRenamedSchemas, type SchemaRename, watchRename } from "./SchemaRename.ts"
import {
  askedRelations,
  changedSince,
  type DatasetLines,
  type FollowedTable,
  isChange,
  linesAfter,
  type TablePlan,
  unchangedMarks,
  withoutChanges,
} from "./TablePlan.ts"
import { planTables } from "./TablePlanning.ts"

export interface FollowedTables {
  /** As SOURCE_TABLES names them. */
  readonly configured: ReadonlyArray<SourceTable>
  /** The settings of columns under which the next batch is read. */
  readonly rules: ColumnRules
  /** The tables that the next batch reads. */
  readonly now: ReadonlyArray<FollowedTable>
  /** A renamed schema, as known before the flushed LSN was read. */
  readonly rename: Option.Option<SchemaRename>
  /** By dataset: its table in the last read of the catalog (`catalogTexts`). */
  readonly lastCatalog: ReadonlyMap<string, string>
  /** Warnings that were logged, so that each is logged once. */
  readonly warned: ReadonlySet<string>
}

/** Returns a text per dataset. It is equal for the same table, under the same name, in the same rows of the catalog. */
export const catalogTexts = (followed: ReadonlyArray<FollowedTable>): ReadonlyMap<string, string> =>
  new Map(
    followed.map(({ dataset, table, oid, mark, tree }) => [
      dataset,
      JSON.stringify([
        table,
        Option.getOrNull(oid),
        ...Option.toArray(mark).map((rows) => [rows.table, rows.schema]),
        ...(tree === undefined ? [] : [hashOfLeaves(tree.leaves)]),
      ]),
    ]),
  )

/**
 * Returns datasets whose table has changed, perhaps after `flushed`. The catalog is read after `flushed`, so that only what
 * the read before it showed too was done before `flushed`.
 */
const pendingDatasets = (
  lines: DatasetLines,
  known: FollowedTables,
  lastCatalog: ReadonlyMap<string, string>,
  followed: ReadonlyArray<FollowedTable>,
): ReadonlyArray<string> =>
  followed
    .filter(
      (one) =>
        one.names.length > 1 ||
        Option.isSome(changedSince(lines, one)) ||
        changeOfLeaves(lines, one.dataset, one.tree) !== undefined,
    )
    .map(({ dataset }) => dataset)
    .filter((dataset) => known.lastCatalog.get(dataset) !== lastCatalog.get(dataset))

const warn = ({ warnings }: TablePlan, warned: ReadonlySet<string>) =>
  Effect.forEach(
    [...warnings].filter(([, text]) => !warned.has(text)),
    ([dataset, text]) => Effect.logWarning(text).pipe(Effect.annotateLogs({ dataset })),
    { discard: true },
  )

/**
 * Returns the recorded files, with those of followed tables as they were read now: the next read is compared with these.
 * A dataset that begins anew keeps its own until then.
 */
const filesNow = (lines: DatasetLines, { before, anew }: TablePlan): DatasetLines["files"] =>
  new Map([
    ...lines.files,
    ...before.flatMap(({ dataset, file }) =>
      anew.has(dataset) ? [] : Option.toArray(file).map((now) => [dataset, now] as const),
    ),
  ])

/** A table whose rows the WAL may hold under an unknown name. */
export interface UncertainTable extends FollowedTable {
  /** All transactions with a lower id (64 bits) had ended when its name was last known. */
  readonly since: bigint
  /** It may have been in a schema of another name, but had its own name all along. */
  readonly hasKeptName: boolean
}

export const uncertainTables = (
  lines: DatasetLines,
  followed: ReadonlyArray<FollowedTable>,
): ReadonlyArray<UncertainTable> =>
  followed.flatMap((one) => {
    // A leaf can come, get rows and go between two looks at the catalog, under any name.
    const changed =
      one.leaves === undefined
        ? changedSince(lines, one)
        : Option.fromUndefinedOr(lines.catalog.get(one.dataset))
    return Option.toArray(changed).map((recorded) => ({
      ...one,
      since: recorded.endedBelow,
      hasKeptName: one.leaves === undefined && Option.exists(one.mark, (now) => now.table === recorded.table),
    }))
  })

/** Returns the transaction id from which names count as unknown; undefined if all names are known. */
export const sinceOf = (unsure: ReadonlyArray<UncertainTable>): bigint | undefined =>
  unsure.reduce<bigint | undefined>(
    (first, { since }) => (first === undefined || since < first ? since : first),
    undefined,
  )

/**
 * Returns the tables to read up to `flushed`, and the change that takes effect there. Read `flushed` first, so that a rename
 * is known when its rows are read. Fails with `OtherTable` if rows of two tables would be mixed.
 */
export const readCatalog = Effect.fnUntraced(function* (
  session: Pick<ChangeSession, "relations" | "newXid" | "oldestXid">,
  known: FollowedTables,
  /** The settings of columns now: others than those in force take effect as a change of tables does. */
  rules: ColumnRules,
  lines: DatasetLines,
  readUpTo: Lsn.Lsn,
  flushed: Lsn.Lsn,
) {
  const { configured } = known
  const datasets = new Set(known.now.map(({ dataset }) => dataset))
  const planned = yield* Effect.fromResult(
    planTables({
      configured,
      rules,
      lines,
      position: readUpTo,
      followed: datasets,
      withObjects: datasets,
      catalog: yield* session.relations(askedRelations(configured, lines)),
      isRunning: true,
      isCaughtUp: flushed <= readUpTo,
    }),
  )
  const found = { ...planned, before: withKnownLeaves(planned.before, known.now) }
  yield* warn(found, known.warned)
  yield* reportLeaves(known.now, found.before)
  const renamed = inRenamedSchemas(lines, found.before)
  const rename = yield* watchRename(session, renamed, known.rename)
  // Uses what was known before `flushed` was read: a transaction that has ended since may have its COMMIT after it.
  const isOver = Option.exists(
    known.rename,
    (earlier) => earlier.isOver && Option.exists(rename, ({ tables }) => tables === earlier.tables),
  )
  const lastCatalog = catalogTexts(found.after)
  const pending = new Set([
    ...pendingDatasets(lines, known, lastCatalog, found.before),
    ...(isOver ? [] : renamed.map(({ dataset }) => dataset)),
  ])
  const plan = withoutChanges(found, pending)
  const change = isChange(lines, plan) ? Option.some(plan) : Option.none<TablePlan>()
  const tables: FollowedTables = {
    configured,
    rules: Option.isSome(change) ? known.rules : rules,
    rename,
    lastCatalog,
    now: Option.isSome(change) ? plan.before : plan.after,
    warned: new Set([...known.warned, ...plan.warnings.values()]),
  }
  return {
    tables,
    change,
    unsure: uncertainTables(lines, found.before),
    catalog: unchangedMarks(lines, found.before),
    leaves: readLeaves(lines, found.before),
    files: filesNow(lines, plan),
  }
})

/** Logs a change that takes effect at `lsn`, when all WAL up to there is read. Returns the watermark's lines about datasets. */
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
