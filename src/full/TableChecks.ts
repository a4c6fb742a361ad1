/** Checks, before anything is written, that all tables can be copied and followed. */
import { Effect, Option, Result } from "effect"
import { datasetProjection } from "../columns/DatasetProjection.ts"
import { leftOutNotices } from "../columns/NewColumns.ts"
import { type ProjectedTable, projectedTable } from "../columns/ProjectedTable.ts"
import { unmatchedAdvice, unmatchedSettings } from "../columns/UnmatchedEntries.ts"
import type { KnownColumns } from "../core/columns/Projection.ts"
import { printTable, type SourceTable, type TableName } from "../core/source/SourceTable.ts"
import { lackInTable, printStatements } from "../core/tables/LeafIdentity.ts"
import { childrenLeftOut, firstSharing } from "../core/tables/SharedRows.ts"
import { tablesIn } from "../core/tables/TableSelection.ts"
import { counted } from "../core/text/CountedNoun.ts"
import { limitedRetry, retrying } from "../retry/RetryPolicy.ts"
import { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import { SourceError } from "../services/source/SourceError.ts"
import { SourceTables, type TableDescription } from "../services/source/SourceTables.ts"
import { allRefused } from "../services/source/TablesRefused.ts"
import { Settings } from "../settings/Settings.ts"
import { visitedTables } from "../tables/ConfiguredTables.ts"

/**
 * Warns if the deletes of a table do not identify the row, with the `ALTER TABLE` that fixes it. Skips tables that are not
 * followed, because they have no changes.
 */
export const warnWithoutIdentity = (description: TableDescription) => {
  if (description.identifiesDeletes || Option.isSome(description.notFollowed)) return Effect.void
  const lack = lackInTable(description)
  return Effect.logWarning(
    `${printTable(description.table)}: ${lack.why}. Its deletes do not say which row was deleted. Fix it: ${printStatements(lack)}${lack.otherwise === undefined ? "" : ` Or ${lack.otherwise}.`}`,
  )
}

const warnOfVirtual = ({ table, virtualColumns }: TableDescription) =>
  virtualColumns.length === 0
    ? Effect.void
    : Effect.logWarning(
        `${printTable(table)} has columns that are generated when they are read: the WAL does not hold them, and inc has NULL ` +
          `for them. Make them STORED if they are needed.`,
      ).pipe(Effect.annotateLogs({ columns: virtualColumns.join(",") }))

/** The rows of child tables are theirs, and a SELECT of the parent returns them all the same. */
const warnOfChildren = (
  { table, children: all = [] }: TableDescription,
  configured: ReadonlyArray<SourceTable>,
) => {
  const children = childrenLeftOut(all, configured)
  return children.length === 0
    ? Effect.void
    : Effect.logWarning(
        `${printTable(table)} has ${counted(children.length, "child table")} by inheritance (a TimescaleDB hypertable has its chunks): ` +
          `their rows are not in its dataset, neither in full nor in inc. Name the child tables in SOURCE_TABLES if they are needed.`,
      )
}

/** Fails with `NotFollowed` if the rows of a table would be in two datasets: it is a partition of another one. */
const checkApart = (descriptions: ReadonlyArray<TableDescription>) => {
  const sharing = firstSharing(descriptions)
  if (sharing === undefined) return Effect.void
  const { one, other } = sharing
  return new SourceError({
    reason: "NotFollowed",
    subject: subjectOf(one.table),
    detail: `it has rows in common with ${printTable(other.table)}, of which one is a partition of the other: take one of them out`,
  })
}

const subjectOf = (table: TableName): string => `table ${printTable(table)}`

/** False for an error of the server or of the session. */
const isOfTable = (error: SourceError, table: TableName): boolean => error.subject === subjectOf(table)

type Described = Effect.Effect<TableDescription, SourceError>

/** Returns the table without the columns that are dropped. Fails with `KeyExcluded`. */
const projected = Effect.fnUntraced(function* (
  { table, dataset }: SourceTable,
  described: Described,
  known?: KnownColumns,
) {
  const { columns, tables } = yield* Settings
  const projection = datasetProjection(columns, tables, dataset, [table])?.knowing(known)
  return yield* projectedTable(yield* described, projection)
})

/** Fails with `NotFollowed` for a table without changes in the WAL: it would look like one that never changes. */
const followed = Effect.fnUntraced(function* (source: SourceTable, described: Described) {
  const found = yield* projected(source, described)
  const { notFollowed, table } = found.description
  if (Option.isSome(notFollowed)) {
    const detail = notFollowed.value
    return yield* new SourceError({ reason: "NotFollowed", subject: subjectOf(table), detail })
  }
  return { source, ...found }
})

/** Warns of entries of the settings that are about no column: a secret may be in another one. */
const warnOfUnmatched = Effect.fnUntraced(function* (
  found: ReadonlyArray<{ readonly source: SourceTable } & ProjectedTable>,
) {
  const { columns } = yield* Settings
  const tables = found.map(({ source, description, excluded }) => ({
    names: [source.table],
    columns: [...description.columns.map(({ name }) => name), ...excluded],
  }))
  for (const problem of unmatchedSettings(columns, tables))
    yield* Effect.logWarning(`${problem}. ${unmatchedAdvice}`)
})

/**
 * Returns what `check` returns for each table. After a permanent error of a table the others are still checked, and all errors
 * are reported together. An error of the server, such as a wrong password, ends the checks: each table would meet it again. So
 * does a transient one as soon as its retries have failed.
 */
const ofAll = Effect.fnUntraced(function* <A, R>(
  tables: ReadonlyArray<SourceTable>,
  check: (source: SourceTable, described: Described) => Effect.Effect<A, SourceError, R>,
) {
  const { describeAll } = yield* SourceTables
  const found = yield* retrying(limitedRetry, describeAll(tables.map(({ table }) => table)))
  const each = tables.flatMap((source, i) => {
    const described = found[i]
    return described === undefined ? [] : [{ source, described: Effect.fromResult(described) }]
  })
  const results = yield* Effect.forEach(each, ({ source, described }) =>
    Effect.tap(Effect.result(retrying(limitedRetry, check(source, described))), (result) =>
      Result.isFailure(result) && (result.failure.isRetryable || !isOfTable(result.failure, source.table))
        ? Effect.fail(result.failure)
        : Effect.void,
    ),
  )
  const failures = results.flatMap((result) => (Result.isFailure(result) ? [result.failure] : []))
  const [first, ...others] = failures
  if (first !== undefined) return yield* Effect.fail(allRefused([first, ...others]))
  return results.flatMap((result) => (Result.isSuccess(result) ? [result.success] : []))
})

/**
 * Fails if one of the tables cannot be followed, and warns of values that the WAL will not hold. Skips a table that only the
 * lake knows: `cdc` still writes its changes in the WAL, and warns.
 */
export const checkAllFollowed = Effect.gen(function* () {
  const store = yield* WatermarkStore
  const watermark = yield* retrying(limitedRetry, store.read)
  const tables = tablesIn(yield* retrying(limitedRetry, visitedTables(watermark)))
  const isKnown = (dataset: string) =>
    Option.exists(watermark, (known) => known.tables.has(dataset) || known.objects.has(dataset))
  const followedIfThere = (source: SourceTable, described: Described) =>
    Effect.catchIf(
      Effect.map(followed(source, described), Option.some),
      (error: SourceError) => error.reason === "SchemaOrTableMissing" && isKnown(source.dataset),
      () => Effect.succeedNone,
    )
  const found = (yield* ofAll(tables, followedIfThere)).flatMap(Option.toArray)
  yield* checkApart(found.map(({ description }) => description))
  for (const { description } of found) {
    yield* warnWithoutIdentity(description)
    yield* warnOfVirtual(description)
    yield* warnOfChildren(description, tables)
  }
  // A table that is not there may be the one that an entry is about.
  if (found.length === tables.length) yield* warnOfUnmatched(found)
}).pipe(Effect.withSpan("TableChecks.checkAllFollowed"))

/** Returns the leaves of which not all columns of the description may be read. */
const unreadableLeaves = ({ leaves = [], columns }: TableDescription) =>
  leaves.filter(({ readable }) => !columns.every(({ name }) => readable.includes(name)))

const droppedTable = ({ table, dataset }: SourceTable) =>
  new SourceError({
    reason: "SchemaOrTableMissing",
    subject: subjectOf(table),
    detail: `it does not exist any more. "${dataset}" keeps its objects; take it out of SOURCE_TABLES, and \`full\` copies the others`,
  })

/**
 * Fails if one of the tables is missing or may not be read, and warns of new columns that are left out. `dropped` are datasets
 * whose tables have gone; `known` has the columns of those whose new columns are dropped. `isWhole`: these are all
 * tables of SOURCE_TABLES, so that an entry which is about none of their columns is about none at all.
 */
export const checkAllCopied = Effect.fn("TableChecks.checkAllCopied")(function* (
  tables: ReadonlyArray<SourceTable>,
  dropped: ReadonlySet<string>,
  known: ReadonlyMap<string, KnownColumns>,
  isWhole: boolean,
) {
  const { mayRead } = yield* SourceTables
  const checked = yield* ofAll(
    tables,
    Effect.fnUntraced(function* (source, described) {
      if (dropped.has(source.dataset)) return yield* droppedTable(source)
      const found = yield* projected(source, described, known.get(source.dataset))
      yield* mayRead(found.description)
      // The server decides, and its error names the leaf.
      for (const { table } of unreadableLeaves(found.description))
        yield* mayRead({ ...found.description, table, leaves: undefined })
      return { source, ...found }
    }),
  )
  if (isWhole) yield* warnOfUnmatched(checked)
  for (const { source, projection } of checked) {
    for (const notice of leftOutNotices(source.table, projection)) yield* Effect.logWarning(notice)
  }
})
