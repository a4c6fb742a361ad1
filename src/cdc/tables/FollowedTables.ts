/** The tables that a running writer follows. Reads the catalog before each batch. */
import { Effect, Option } from "effect"
import type { ColumnRules } from "../../core/columns/Projection.ts"
import * as Lsn from "../../core/Lsn.ts"
import { hashOfLeaves } from "../../core/lake/LeafSet.ts"
import type { LakeFolders, Watermark } from "../../core/lake/Watermark.ts"
import { printTable, type SourceTable } from "../../core/source/SourceTable.ts"
import { namedTables, type TableEntry } from "../../core/tables/TableEntry.ts"
import { type TableSelection, tablesIn } from "../../core/tables/TableSelection.ts"
import { withUsableNames } from "../../lake/DatasetNames.ts"
import type { ChangeSession } from "../../services/source/ChangeSource.ts"
import { Settings } from "../../settings/Settings.ts"
import { patternsOf, selectConfigured } from "../../tables/ConfiguredTables.ts"
import { askedRelations } from "../../tables/KnownTables.ts"
import { entryNames } from "../masks/EntryNames.ts"
import { type MaskedNames, maskedNames } from "../masks/MaskedNames.ts"
import { rememberedMasks } from "../masks/RememberedMasks.ts"
import { changeOfLeaves, readLeaves, reportLeaves, withKnownLeaves } from "./FollowedLeaves.ts"
import { inRenamedSchemas, type SchemaRename, watchRename } from "./SchemaRename.ts"
import {
  changedSince,
  type DatasetLines,
  type FollowedTable,
  isChange,
  linesAfter,
  type TablePlan,
  unchangedMarks,
  withoutChanges,
} from "./TablePlan.ts"
import { planTables, withoutForeignNames } from "./TablePlanning.ts"
import { logSome, warn } from "./TableReport.ts"

export interface FollowedTables {
  /** The tables of SOURCE_TABLES in the last read of the catalog. */
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
  /** Datasets of matches whose names the lake cannot take. */
  readonly refused: ReadonlySet<string>
  /** By masked dataset: its columns in the last read of the catalog. */
  readonly columns: ReadonlyMap<string, MaskedNames>
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

const refusedIn = (selected: TableSelection, usable: TableSelection): ReadonlySet<string> => {
  const datasets = new Set(usable.matched.map(({ dataset }) => dataset))
  return new Set(selected.matched.flatMap(({ dataset }) => (datasets.has(dataset) ? [] : [dataset])))
}

/** What the last read of the catalog showed. */
export interface PresentTables {
  /** Of SOURCE_TABLES. */
  readonly entries: ReadonlyArray<TableEntry>
  /** The printed names of the relations that the entries match. */
  readonly names: ReadonlySet<string>
  /** Datasets that a table has, or has had until now. */
  readonly datasets: ReadonlySet<string>
}

/** The parts of a writer's checkpoint. */
interface KnownTables {
  readonly layout: LakeFolders
  readonly watermark: Watermark
  readonly tables: FollowedTables
}

/**
 * Returns the tables to read up to `flushed`, and the change that takes effect there. Read `flushed` first, so that a rename
 * is known when its rows are read. Fails with `OtherTable` if rows of two tables would be mixed.
 */
export const readCatalog = Effect.fnUntraced(function* (
  session: Pick<ChangeSession, "relations" | "newXid" | "oldestXid">,
  { layout, watermark, tables: known }: KnownTables,
  readUpTo: Lsn.Lsn,
  flushed: Lsn.Lsn,
) {
  // Other settings of columns than those in force take effect as a change of tables does.
  const { tables: entries, columns: rules } = yield* Settings
  const lines: DatasetLines = watermark
  const catalog = yield* session.relations(askedRelations(namedTables(entries), lines, patternsOf(entries)))
  const selected = selectConfigured(entries, catalog, lines, rules)
  const selection = yield* withUsableNames(selected, layout, Option.some(watermark), known.refused)
  const configured = tablesIn(selection)
  const datasets = new Set(known.now.map(({ dataset }) => dataset))
  const planned = yield* Effect.fromResult(
    planTables({
      configured,
      rules,
      lines,
      position: readUpTo,
      followed: datasets,
      withObjects: datasets,
      catalog,
      isRunning: true,
      isCaughtUp: flushed <= readUpTo,
    }),
  )
  // A leaf that was detached may be a table of its own by now.
  const before = withoutForeignNames(withKnownLeaves(planned.before, known.now))
  const found = { ...planned, before }
  const warned = yield* warn(found, selection, known.warned)
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
  const namesOf = entryNames(configured)
  const remembered = rememberedMasks(lines, rules, namesOf, found.after)
  const { masked, columns } = yield* maskedNames(remembered, rules, namesOf, found.after, known.columns)
  const change = isChange(lines, plan) ? Option.some(plan) : Option.none<TablePlan>()
  const tables: FollowedTables = {
    configured,
    rules: Option.isSome(change) ? known.rules : rules,
    rename,
    lastCatalog,
    now: Option.isSome(change) ? plan.before : plan.after,
    warned,
    refused: refusedIn(selected, selection),
    columns,
  }
  return {
    tables,
    change,
    before: found.before,
    catalog: unchangedMarks(lines, found.before),
    leaves: readLeaves(lines, found.before),
    files: filesNow(lines, plan),
    masked,
    present: {
      entries,
      names: new Set(catalog.map(({ table }) => printTable(table))),
      datasets: new Set([...configured, ...found.before].map(({ dataset }) => dataset)),
    } satisfies PresentTables,
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
  yield* logSome([...plan.anew], ([dataset, reason]) =>
    Effect.logInfo("cdc: dataset begins").pipe(Effect.annotateLogs({ dataset, reason, from: at })),
  )
  yield* logSome(plan.leaving, (dataset) =>
    Effect.logInfo("cdc: dataset left").pipe(Effect.annotateLogs({ dataset, upTo: at })),
  )
  return linesAfter(lines, plan, lsn, xid)
})
