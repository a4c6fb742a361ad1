/** The description of a table without the columns that are dropped, and the refusal of dropped key columns. */
import { Effect, Result } from "effect"
import { isDropped, isHashed, type Projection } from "../core/columns/Projection.ts"
import { printTable, quoteIdentifier } from "../core/source/SourceTable.ts"
import { SourceError } from "../services/source/SourceError.ts"
import type { SourceColumn, TableDescription } from "../services/source/SourceTables.ts"

export interface ProjectedTable {
  /** Without the columns that are dropped; the types are the source's. */
  readonly description: TableDescription
  /** As the lake has them: a hash is text. */
  readonly columns: ReadonlyArray<SourceColumn>
  readonly excluded: ReadonlyArray<string>
  readonly hashed: ReadonlyArray<string>
  readonly projection: Projection | undefined
}

/** Returns the dropped columns of the table's keys: without them an old row would not say which row it was. */
export const droppedKeys = (
  { primaryKey, replicaKey }: Pick<TableDescription, "primaryKey" | "replicaKey">,
  projection: Projection | undefined,
): ReadonlyArray<string> =>
  [...new Set([...primaryKey, ...replicaKey])].filter((name) => isDropped(projection, name))

/** `Source, table "s"."t": COLUMNS_EXCLUDE names "id", which belongs to its key.` */
const keyExcluded = (
  { table }: TableDescription,
  columns: ReadonlyArray<string>,
  projection: Projection | undefined,
) => {
  const renamed = columns.filter((name) => projection?.renamed.has(name))
  if (renamed.length > 0) {
    const names = renamed.map(quoteIdentifier).join(", ")
    const detail = `${names} of its key was masked under another name, and no entry masks it now: name it in COLUMNS_HASH`
    return new SourceError({ reason: "KeyExcluded", subject: `table ${printTable(table)}`, detail })
  }
  const isNew = columns.some((name) => projection?.newColumns.has(name))
  return new SourceError({
    reason: "KeyExcluded",
    subject: `table ${printTable(table)}`,
    detail: `${isNew ? "ON_NEW_COLUMN=exclude or COLUMNS_EXCLUDE leaves out" : "COLUMNS_EXCLUDE names"} ${columns.map(quoteIdentifier).join(", ")}, which ${columns.length === 1 ? "belongs" : "belong"} to its key`,
  })
}

/** Returns the column as the lake has it: a hash is text, and so is that of the value that older rows hold. */
export const columnInLake = (column: SourceColumn, projection: Projection | undefined): SourceColumn => {
  if (projection === undefined || !isHashed(projection, column.name)) return column
  const { missing, ...rest } = column
  const hash = missing === undefined ? {} : { missing: projection.hashing.hash(Buffer.from(missing, "utf8")) }
  return { ...rest, type: "text", ...hash }
}

/** Fails with `KeyExcluded`. */
export const projectTable = (
  found: TableDescription,
  ofTable: Projection | undefined,
): Result.Result<ProjectedTable, SourceError> => {
  const projection = ofTable?.ofColumns(found.columns)
  const keys = droppedKeys(found, projection)
  if (keys.length > 0) return Result.fail(keyExcluded(found, keys, projection))
  const kept = found.columns.filter(({ name }) => !isDropped(projection, name))
  const hashed = kept.filter(({ name }) => isHashed(projection, name)).map(({ name }) => name)
  return Result.succeed({
    description: { ...found, columns: kept },
    columns: kept.map((column) => columnInLake(column, projection)),
    excluded: found.columns.map(({ name }) => name).filter((name) => isDropped(projection, name)),
    hashed,
    projection,
  })
}

export const projectedTable = (found: TableDescription, projection: Projection | undefined) =>
  Effect.fromResult(projectTable(found, projection))
