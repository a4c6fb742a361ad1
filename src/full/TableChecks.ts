/** What the tables must have so that they can be copied and followed, asked of all of them before anything is written. */
import { Effect, Option, Result } from "effect"
import { lackOfIdentity } from "../core/source/ReplicaIdentity.ts"
import { printTable, type SourceTable, type TableName } from "../core/source/SourceTable.ts"
import { limitedRetry, retrying } from "../retry/RetryPolicy.ts"
import { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import { SourceError } from "../services/source/SourceError.ts"
import { SourceTables, type TableDescription } from "../services/source/SourceTables.ts"
import { allRefused } from "../services/source/TablesRefused.ts"

/**
 * Deletes of such a table arrive without saying which row: the warning holds the `ALTER TABLE` that mends it. Those of what
 * is not followed never arrive.
 */
export const warnWithoutIdentity = (description: TableDescription) => {
  if (description.identifiesDeletes || Option.isSome(description.notFollowed)) return Effect.void
  const name = printTable(description.table)
  const { why, sql, otherwise } = lackOfIdentity(name, description)
  return Effect.logWarning(
    `${name}: ${why}. Its deletes arrive without saying which row. Fix it: ${sql}${otherwise === undefined ? "" : ` Or ${otherwise}.`}`,
  )
}

const warnOfVirtual = ({ table, virtualColumns }: TableDescription) =>
  virtualColumns.length === 0
    ? Effect.void
    : Effect.logWarning(
        `${printTable(table)} has columns that are generated when they are read: the WAL does not hold them, and inc has NULL ` +
          `in their place. STORED ones it holds.`,
      ).pipe(Effect.annotateLogs({ columns: virtualColumns.join(",") }))

/** A table whose changes never come would look like one that never changes: `cdc` does not start with it. */
const followed = Effect.fnUntraced(function* (table: TableName) {
  const catalog = yield* SourceTables
  const description = yield* catalog.describe(table)
  if (Option.isSome(description.notFollowed)) {
    const detail = description.notFollowed.value
    return yield* new SourceError({ reason: "NotFollowed", subject: `table ${printTable(table)}`, detail })
  }
  return description
})

/**
 * Returns what `check` returns for each table. After a permanent error the other tables are still checked, and all errors are
 * reported together. A transient error ends the checks as soon as its retries have failed.
 */
const ofAll = Effect.fnUntraced(function* <A, R>(
  tables: ReadonlyArray<SourceTable>,
  check: (source: SourceTable) => Effect.Effect<A, SourceError, R>,
) {
  const results = yield* Effect.forEach(tables, (source) =>
    Effect.tap(Effect.result(retrying(limitedRetry, check(source))), (found) =>
      Result.isFailure(found) && found.failure.isRetryable ? Effect.fail(found.failure) : Effect.void,
    ),
  )
  const failures = results.flatMap((found) => (Result.isFailure(found) ? [found.failure] : []))
  const [first, ...others] = failures
  if (first !== undefined) return yield* Effect.fail(allRefused([first, ...others]))
  return results.flatMap((found) => (Result.isSuccess(found) ? [found.success] : []))
})

/**
 * Fails where one of the tables cannot be followed, and warns of what the WAL will not hold. A table that only the lake
 * knows is passed over: `cdc` still writes what the WAL holds of it, and warns.
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
    subject: `table ${printTable(table)}`,
    detail: `it does not exist any more. "${dataset}" keeps its objects; take it out of SOURCE_TABLES, and \`full\` copies the others`,
  })

/** Fails where one of the tables cannot be copied: it is not there, or may not be read. `dropped` are datasets that the lake knows. */
export const checkAllCopied = Effect.fn("TableChecks.checkAllCopied")(function* (
  tables: ReadonlyArray<SourceTable>,
  dropped: ReadonlySet<string>,
) {
  const { mayRead } = yield* SourceTables
  yield* ofAll(tables, (source) =>
    dropped.has(source.dataset) ? droppedTable(source) : mayRead(source.table),
  )
})
