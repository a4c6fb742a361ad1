/** Describes the columns of a header: each by its number, with what the catalog or the lake says of that number. */
import { Option } from "effect"
import { columnInLake } from "../../columns/ProjectedTable.ts"
import { concernsColumn } from "../../core/columns/ColumnEntry.ts"
import { columnNumbers, type RowXids } from "../../core/columns/ColumnNumbers.ts"
import { isHashed, type Projection } from "../../core/columns/Projection.ts"
import type { SchemaColumn } from "../../core/lake/TableSchema.ts"
import type { TableDescription } from "../../services/source/SourceTables.ts"

/** The header of an object, and what its rows say of it. */
export interface ObjectHeader {
  readonly names: ReadonlyArray<string>
  /** True if a row of the object has all columns that the table had: an INSERT or UPDATE. */
  readonly isWhole: boolean
  /** True if its rows are those of leaves, which may have the columns in another order. */
  readonly isPartitioned: boolean
  /** Undefined if unknown. */
  readonly xids: RowXids | undefined
}

/** The columns of the table before the header, as the lake has them. */
export type ColumnsBefore = ReadonlyArray<
  Pick<SchemaColumn, "name" | "type" | "nullable"> & { readonly attnum?: number | null }
>

type Numbers = ReadonlyArray<number | null>

const isAscending = (numbers: Numbers): boolean => {
  const known = numbers.filter((attnum) => attnum !== null)
  return known.every((attnum, i) => i === 0 || attnum > (known[i - 1] ?? 0))
}

/** The number that a list of columns has for a name. */
const numberIn = (columns: ColumnsBefore, name: string): number | undefined =>
  columns.find((column) => column.name === name)?.attnum ?? undefined

/** Returns today's number of each name. Null if the table has no such column, or had another one of that name before. */
const numbersByName = (
  names: ReadonlyArray<string>,
  { columns }: TableDescription,
  before: ColumnsBefore,
): Numbers => {
  const numbers = names.map((name) => {
    const [now, then] = [numberIn(columns, name), numberIn(before, name)]
    return now === undefined || (then !== undefined && then !== now) ? null : now
  })
  return isAscending(numbers) ? numbers : numbers.map(() => null)
}

/** True if both ends of the header's time, where they know a name, have it under this number, and one of them knows it. */
const namesAgree = (
  names: ReadonlyArray<string>,
  numbers: Numbers,
  { columns }: TableDescription,
  before: ColumnsBefore,
): boolean =>
  names.every((name, i) => {
    const known = [numberIn(columns, name), numberIn(before, name)].filter((attnum) => attnum !== undefined)
    return numbers[i] === null || (known.length > 0 && known.every((attnum) => attnum === numbers[i]))
  })

/**
 * Returns the catalog's numbers without those of columns that are left out of the lake. Undefined if it is unknown which were:
 * names decide that, and a new name may be left out that the column did not have before.
 */
const numbersInLake = (
  { numbers, columns, virtualColumns }: TableDescription,
  projection: Projection | undefined,
  isBeforeKnown: boolean,
): TableDescription["numbers"] => {
  if (virtualColumns.length > 0) return undefined
  const { excluded = [], onNewColumn = "include" } = projection?.rules ?? {}
  if (onNewColumn === "exclude" || (excluded.length > 0 && !isBeforeKnown)) return undefined
  const isOut = (name: string) => excluded.some((entry) => concernsColumn(entry, name))
  const out = new Set(columns.filter(({ name }) => isOut(name)).map(({ attnum }) => attnum))
  return numbers?.filter(({ attnum }) => !out.has(attnum))
}

const numbersOf = (
  { names, isWhole, isPartitioned, xids }: ObjectHeader,
  projection: Projection | undefined,
  found: TableDescription,
  before: ColumnsBefore,
): Numbers => {
  const known = before.flatMap(({ attnum }) => attnum ?? [])
  const isBeforeKnown = known.length > 0 && known.length === before.length
  const catalog = numbersInLake(found, projection, isBeforeKnown)
  const counted =
    isWhole && catalog !== undefined
      ? columnNumbers({
          count: names.length,
          before: isBeforeKnown ? known : undefined,
          catalog,
          xids,
        })
      : Option.none<Numbers>()
  return Option.match(
    Option.filter(counted, (numbers) => !isPartitioned || namesAgree(names, numbers, found, before)),
    { onNone: () => numbersByName(names, found, before), onSome: (numbers) => numbers },
  )
}

/** Returns the columns of the header: null is what neither the catalog nor the columns before tell. */
export const schemaColumns = (
  header: ObjectHeader,
  projection: Projection | undefined,
  found: Option.Option<TableDescription>,
  before: ColumnsBefore,
): ReadonlyArray<SchemaColumn> => {
  const unknown = { type: null, nullable: null, attnum: null }
  if (Option.isNone(found)) return header.names.map((name) => ({ name, ...unknown }))
  const numbers = numbersOf(header, projection, found.value, before)
  return header.names.map((name, i): SchemaColumn => {
    const attnum = numbers[i] ?? null
    const now = found.value.columns.find((column) => column.attnum === attnum)
    if (now !== undefined) {
      const { missing, ...column } = columnInLake(now, projection)
      if (now.name === name) return { ...column, ...(missing === undefined ? {} : { missing }) }
      // The value that is kept may be hashed under one name and not under the other.
      return { ...column, name, type: isHashed(projection, name) ? "text" : column.type }
    }
    const then = attnum === null ? undefined : before.find((column) => column.attnum === attnum)
    return { name, ...unknown, ...(then && { type: then.type, nullable: then.nullable }), attnum }
  })
}
