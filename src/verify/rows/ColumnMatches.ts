/**
 * Finds a table's columns of today in an object of the lake. With the numbers of the columns (a manifest, a `_schema_`) a renamed
 * column is found, and one that was dropped and added again is another. Rows older than a column hold its `missing` value.
 */
import { Option } from "effect"
import { toBytes } from "../../core/bytes/Bytes.ts"
import { isLater, parseKey } from "../../core/lake/ObjectKey.ts"
import type { TableSchema } from "../../core/lake/TableSchema.ts"
import type { DatasetSchema } from "../../lake/SchemaFiles.ts"
import type { SourceColumn } from "../../services/source/SourceTables.ts"
import { columnIndexes } from "./ColumnIndexes.ts"

/** A column as an object has it. No number: it is only known by its name. */
export interface NumberedColumn {
  readonly name: string
  readonly attnum?: number | null
}

/** The table's columns in one object. Names and values are byte strings. */
export interface ColumnMatches {
  /** By column of the table: its field in the object, without our columns; -1 if the object lacks it. */
  readonly indexes: ReadonlyArray<number>
  /** By column: what the rows hold if the object lacks it. */
  readonly missing: ReadonlyArray<string | null>
  /** The present name of a column that has this name in the object; undefined if the table does not have it. */
  readonly present: (name: string) => string | undefined
}

export interface ColumnMatching {
  readonly inFull: (header: ReadonlyArray<string>, columns: ReadonlyArray<NumberedColumn>) => ColumnMatches
  /** `key` is undefined for an object of rows that only the slot holds yet. */
  readonly inInc: (header: ReadonlyArray<string>, key: string | undefined) => ColumnMatches
}

/** Matches by name alone: rows hold NULL in a column that the object lacks. */
export const matchesByName = (
  columns: ReadonlyArray<string>,
  header: ReadonlyArray<string>,
): ColumnMatches => {
  const known = new Set(columns)
  return {
    indexes: columnIndexes(header, columns),
    missing: columns.map(() => null),
    present: (name) => (known.has(name) ? name : undefined),
  }
}

const isNumbered = (columns: ReadonlyArray<NumberedColumn>): boolean =>
  columns.some(({ attnum }) => attnum != null)

/** Returns the value that each column's older rows hold: today's catalog is asked first, then the newest schema. */
const missingValues = (
  live: ReadonlyArray<SourceColumn>,
  schemas: ReadonlyArray<DatasetSchema>,
): ReadonlyMap<number, string> => {
  const values = new Map<number, string>()
  const all = [...schemas.flatMap(({ schema }) => schema.columns), ...live]
  for (const { attnum, missing } of all)
    if (attnum !== null && missing !== undefined) values.set(attnum, missing)
  return values
}

/** `live` are the columns of the table now, as the lake has them; `schemas` are in the order of their objects. */
export const columnMatching = (
  live: ReadonlyArray<SourceColumn>,
  schemas: ReadonlyArray<DatasetSchema>,
): ColumnMatching => {
  const names = live.map(({ name }) => toBytes(name))
  const values = missingValues(live, schemas)

  const matchesIn = (
    header: ReadonlyArray<string>,
    columns: ReadonlyArray<NumberedColumn> | undefined,
  ): ColumnMatches => {
    if (columns === undefined || !isNumbered(columns)) return matchesByName(names, header)
    const fields = columnIndexes(
      header,
      columns.map(({ name }) => toBytes(name)),
    )
    const columnOf = ({ name, attnum }: SourceColumn): number => {
      const byNumber = columns.findIndex((column) => column.attnum === attnum)
      return byNumber >= 0
        ? byNumber
        : columns.findIndex((column) => column.attnum == null && column.name === name)
    }
    const matches = live.map(columnOf)
    const present = new Map(
      matches.flatMap((match, i) => {
        const column = columns[match]
        return column === undefined ? [] : [[toBytes(column.name), names[i]] as const]
      }),
    )
    return {
      indexes: matches.map((match) => fields[match] ?? -1),
      missing: live.map(({ attnum }) => {
        const value = values.get(attnum)
        return value === undefined ? null : toBytes(value)
      }),
      present: (name) => present.get(name),
    }
  }

  /** True if the header has exactly these columns. */
  const fits = (columns: ReadonlyArray<{ readonly name: string }>, header: ReadonlyArray<string>): boolean =>
    columns.length === header.length &&
    columnIndexes(
      header,
      columns.map(({ name }) => toBytes(name)),
    ).every((index, i) => index === i)

  const schemaFor = (header: ReadonlyArray<string>, key: string | undefined): TableSchema | undefined => {
    const object = Option.map(Option.flatMap(Option.fromUndefinedOr(key), parseKey), ({ stamp }) => stamp)
    return schemas.findLast(
      ({ schema, stamp }) =>
        fits(schema.columns, header) && !Option.exists(object, (name) => isLater(stamp, name)),
    )?.schema
  }

  return {
    inFull: matchesIn,
    inInc: (header, key) => {
      // A row that only the slot holds is newer than the lake: today's columns are nearer.
      if (key === undefined && fits(live, header)) return matchesIn(header, live)
      const columns = schemaFor(header, key)?.columns ?? (fits(live, header) ? live : undefined)
      return matchesIn(header, columns)
    },
  }
}

/** Names for messages. */
export const namesIn = (schemas: ReadonlyArray<DatasetSchema>): ReadonlyArray<string> =>
  schemas.flatMap(({ schema }) => schema.columns.map(({ name }) => name))

/** True if the copy lacks the column. */
export const isAddedAfter = (column: SourceColumn, copied: ReadonlyArray<NumberedColumn>): boolean =>
  !copied.some((one) => (one.attnum == null ? one.name === column.name : one.attnum === column.attnum))
