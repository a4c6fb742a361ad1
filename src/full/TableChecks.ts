/** Checks, before anything is written, that all tables can be copied and followed. */
import { Effect, Option, Result } from "effect"
import { lackOfIdentity } from "../core/source/ReplicaIdentity.ts"
import { printTable, type SourceTable, type TableName } from "../core/source/SourceTable.ts"
import { limitedRetry, retrying } from "../retry/RetryPolicy.ts"
import { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import { SourceError } from "../services/source/SourceError.ts"
import { SourceTables, type TableDescription } from "../services/source/SourceTables.ts"
import { allRefused } from "../services/source/TablesRefused.ts"

/**
 * Warns if the deletes of a table do not identify the row, with the `ALTER TABLE` that fixes it. Skips tables that are not
 * followed, because they have no changes.
 */
export const warnWithoutIdentity = (description: TableDescription) => {
  if (description.identifiesDeletes || Option.isSome(description.notFollowed)) return Effect.void
  const name = printTable(description.table)
  const { why, sql, otherwise } = lackOfIdentity(name, description)
  return Effect.logWarning(
    `${name}: ${why}. Its deletes do not say which row was deleted. Fix it: ${sql}${otherwise === undefined ? "" : ` Or ${otherwise}.`}`,
  )
}

const warnOfVirtual = ({ table, virtualColumns }: TableDescription) =>
  virtualColumns.length === 0
    ? Effect.void
    : Effect.logWarning(
        `${printTable(table)} has columns that are generated when they are read: the WAL does not hold them, and inc has NULL ` +
          `for them. Make them STORED if they are needed.`,
      ).pipe(Effect.annotateLogs({ columns: virtualColumns.join(",") }))

const subjectOf = (table: TableName): string => `table ${printTable(table)}`

/** False for an error of the server or of the session. */
const isOfTable = (error: SourceError, table: TableName): boolean => error.subject === subjectOf(table)

/** Fails with `NotFollowed` for a table without changes in the WAL: it would look like one that never changes. */
const followed = Effect.fnUntraced(function* (table: TableName) {
  const catalog = yield* SourceTables
  const description = yield* catalog.describe(table)
  if (Option.isSome(description.notFollowed)) {
    const detail = description.notFollowed.value
    return yield* new SourceError({ reason: "NotFollowed", subject: subjectOf(table), detail })
  }
  return description
})

/**
 * Returns what `check` returns for each table. After a permanent error of a table the others are still checked, and all errors
 * are reported together. An error of the server, such as a wrong password, ends the checks: each table would meet it again. So
 * does a transient one as soon as its retries have failed.
 */
const ofAll = Effect.fnUntraced(function* <A, R>(
  tables: ReadonlyArray<SourceTable>,
  check: (source: SourceTable) => Effect.Effect<A, SourceError, R>,
) {
  const results = yield* Effect.forEach(tables, (source) =>
    Effect.tap(Effect.result(retrying(limitedRetry, check(source))), (result) =>
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
export const checkAllFollowed = Effect.fn("TableChecks.checkAllFollowed")(function* (
  tables: ReadonlyArray<SourceTable>,
) {
  const store = yield* WatermarkStore
  const watermark = yield* retrying(limitedRetry, store.read)
  const isKnown = (dataset: string) =>
    Option.exists(watermark, (known) => known.tables.has(dataset) || known.objects.has(dataset))
  const descriptionIfThere = ({ table, dataset }: SourceTable) =>
    Effect.catchIf(
      Effect.map(followed(table), Option.some),
      (error: SourceError) => error.reason === "SchemaOrTableMissing" && isKnown(dataset),
      () => Effect.succeedNone,
    )
  for (const description of yield* ofAll(tables, descriptionIfThere)) {
    if (Option.isNone(description)) continue
    yield* warnWithoutIdentity(description.value)
    yield* warnOfVirtual(description.value)
  }
})

const droppedTable = ({ table, dataset }: SourceTable) =>
  new SourceError({
    reason: "SchemaOrTableMissing",
    subject: subjectOf(table),
    detail: `it does not exist any more. "${dataset}" keeps its objects; take it out of SOURCE_TABLES, and \`full\` copies the others`,
  })

/** Fails if one of the tables is missing or may not be read. `dropped` are datasets that the lake knows. */
export const checkAllCopied = Effect.fn("TableChecks.checkAllCopied")(function* (
  tables: ReadonlyArray<SourceTable>,
  dropped: ReadonlySet<string>,
) {
  const { mayRead } = yield* SourceTables
  yield* ofAll(tables, (source) =>
    dropped.has(source.dataset) ? droppedTable(source) : mayRead(source.table),
  )
})
