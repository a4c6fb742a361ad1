/**
 * Finds the numbers (`pg_attribute.attnum`) of the columns in a header that is older than the catalog.
 *
 * Numbers never come back, and the catalog keeps those of dropped columns. So the columns of a table at any moment are: all of
 * today's up to the greatest number of that moment, some of those that were dropped since, and no others. A header has them in
 * ascending order. What remains open is decided by the transaction ids of the rows and of the catalog's rows, else left open.
 * Names prove nothing: a rename may have given one to another column.
 */
import { Option } from "effect"

/** A number that the catalog has. */
export interface CatalogNumber {
  readonly attnum: number
  readonly isDropped: boolean
  /** `pg_attribute.xmin`, 32 bits: the transaction that changed the column last. Nothing changes a dropped one any more. */
  readonly xid: number
}

/** The least and the greatest transaction id of the rows under a header, 32 bits. */
export interface RowXids {
  readonly least: number
  readonly greatest: number
}

export interface OlderHeader {
  /** The number of columns in the header: all that the table had then. */
  readonly count: number
  /** All numbers of the table at an earlier moment; undefined if none is known. */
  readonly before: ReadonlyArray<number> | undefined
  /** Today's, in ascending order. */
  readonly catalog: ReadonlyArray<CatalogNumber>
  /** Undefined if unknown. */
  readonly xids: RowXids | undefined
}

/** True if the id `one` was assigned before `other`: ids of 32 bits wrap around. */
const isOlder = (one: number, other: number): boolean => ((one - other) | 0) < 0

/** Returns the range of ids that has `xid` too. */
export const withXid = (range: RowXids | undefined, xid: number): RowXids => {
  if (range === undefined) return { least: xid, greatest: xid }
  if (isOlder(xid, range.least)) return { ...range, least: xid }
  return isOlder(range.greatest, xid) ? { ...range, greatest: xid } : range
}

/** True if all rows are of transactions before, or after, the last change of the column. */
const areBefore = ({ xid }: CatalogNumber, xids: RowXids | undefined): boolean =>
  xids !== undefined && isOlder(xids.greatest, xid)
const areAfter = ({ xid }: CatalogNumber, xids: RowXids | undefined): boolean =>
  xids !== undefined && isOlder(xid, xids.least)

type Existence = "there" | "gone" | "open"

/** Returns whether the table had the number at a moment when it had given out numbers up to `greatest`. */
const existenceAt = (
  one: CatalogNumber,
  greatest: number,
  { before, xids }: Pick<OlderHeader, "before" | "xids">,
): Existence => {
  if (one.attnum > greatest) return "gone"
  if (!one.isDropped) return "there"
  const known = before?.at(-1) ?? 0
  if (one.attnum <= known && before?.includes(one.attnum) === false) return "gone"
  if (areBefore(one, xids)) return "there"
  return areAfter(one, xids) ? "gone" : "open"
}

const ascending = (numbers: ReadonlyArray<number>): ReadonlyArray<number> => numbers.toSorted((a, b) => a - b)

/**
 * Returns the number of each column of the header, in its order: null where more than one is possible. None if nothing fits:
 * the header lacks columns, or the catalog is that of another table. A transaction beside that of the ALTER TABLE, with rows
 * on its other side than the ids say, makes a wrong number possible where a column was dropped and only ids decide.
 */
export const columnNumbers = (header: OlderHeader): Option.Option<ReadonlyArray<number | null>> => {
  const { count, catalog, xids } = header
  const before = header.before === undefined ? undefined : ascending(header.before)
  const all = new Set(catalog.map(({ attnum }) => attnum))
  if (before?.some((attnum) => !all.has(attnum))) return Option.none()
  const least = Math.max(
    before?.at(-1) ?? 0,
    ...catalog.filter((one) => areAfter(one, xids)).map(({ attnum }) => attnum),
  )
  let found: ReadonlyArray<number | null> | undefined
  for (const greatest of [0, ...all].filter((one) => one >= least)) {
    const thatAre = (existence: Existence) =>
      catalog.filter((one) => existenceAt(one, greatest, { before, xids }) === existence)
    const there = thatAre("there").map(({ attnum }) => attnum)
    const open = thatAre("open").map(({ attnum }) => attnum)
    const more = count - there.length
    if (more < 0 || more > open.length) continue
    // Any choice of the open ones lies between these two, column by column.
    const lowest = ascending([...there, ...open.slice(0, more)])
    const highest = ascending([...there, ...open.slice(open.length - more)])
    const numbers = lowest.map((attnum, i) => (attnum === highest[i] ? attnum : null))
    found = found?.map((attnum, i) => (attnum === numbers[i] ? attnum : null)) ?? numbers
  }
  return Option.fromUndefinedOr(found)
}
