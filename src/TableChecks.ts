/** What a table must have so that its changes can be followed, told before it is missed. */
import { Effect, Option } from "effect"
import { lackOfIdentity } from "./core/ReplicaIdentity.ts"
import { printTable, type SourceTable, type TableName } from "./core/SourceTable.ts"
import { forAWhile, patiently } from "./Patience.ts"
import { SourceError } from "./services/SourceError.ts"
import { SourceTables, type TableShape } from "./services/SourceTables.ts"
import { WatermarkStore } from "./services/WatermarkStore.ts"

/**
 * Deletes of such a table arrive without saying which row: the warning holds the `ALTER TABLE` that mends it. Those of what
 * is not followed never arrive.
 */
export const warnWithoutIdentity = (shape: TableShape) => {
  if (shape.identifiesDeletes || Option.isSome(shape.notFollowed)) return Effect.void
  const name = printTable(shape.table)
  const { why, sql, otherwise } = lackOfIdentity(name, shape)
  return Effect.logWarning(
    `${name}: ${why}. Its deletes arrive without saying which row. Mend it: ${sql}${otherwise === undefined ? "" : ` Or ${otherwise}.`}`,
  )
}

const warnOfVirtual = ({ table, virtualColumns }: TableShape) =>
  virtualColumns.length === 0
    ? Effect.void
    : Effect.logWarning(
        `${printTable(table)} has columns that are generated when they are read: the log does not hold them, and inc has NULL ` +
          `in their place. STORED ones it holds.`,
      ).pipe(Effect.annotateLogs({ columns: virtualColumns.join(",") }))

/** A table whose changes never come would look like one that never changes: `cdc` does not start with it. */
const checkFollowed = Effect.fn("TableChecks.checkFollowed")(function* (table: TableName) {
  const catalog = yield* SourceTables
  const shape = yield* catalog.describe(table)
  if (Option.isSome(shape.notFollowed)) {
    const detail = shape.notFollowed.value
    return yield* new SourceError({ reason: "NotFollowed", subject: `table ${printTable(table)}`, detail })
  }
  yield* warnWithoutIdentity(shape)
  yield* warnOfVirtual(shape)
})

/**
 * The same for all tables. One that the catalog does not know is passed over where the lake knows it: what the WAL holds of
 * it is carried all the same, and `cdc` warns of it.
 */
export const checkAllFollowed = Effect.fn("TableChecks.checkAllFollowed")(function* (
  tables: ReadonlyArray<SourceTable>,
) {
  const store = yield* WatermarkStore
  const watermark = yield* patiently(forAWhile, () => store.read)
  const isKnown = (dataset: string) =>
    Option.exists(watermark, (known) => known.tables.has(dataset) || known.objects.has(dataset))
  for (const { table, dataset } of tables) {
    yield* Effect.catchIf(
      patiently(forAWhile, () => checkFollowed(table)),
      (error) => error.reason === "SchemaOrTableMissing" && isKnown(dataset),
      () => Effect.void,
    )
  }
})
