/** Rebuilds one table from what lies in the lake, by the published rules alone, and says what cannot be. */
import type { LakeRow } from "../lake/lakeReader.ts"

/** Rows by key; a row by the names of the table's columns. */
export type Rows = Map<string, Record<string, string | null>>

const ours = ["_op", "_lsn", "_seq", "_xid", "_commit_ts", "_before", "_unchanged", "_partition", "file"]

export const keyOf = ({ a, b }: Readonly<Record<string, string | null | undefined>>): string => `${a}/${b}`

export const ownColumns = (row: LakeRow): Record<string, string | null> =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !ours.includes(name)))

const unchangedOf = ({ _unchanged }: LakeRow): ReadonlyArray<string> =>
  _unchanged == null ? [] : _unchanged.slice(1, -1).split(",")

/** The key that the row had before: `_before` tells it where it may have changed. */
const oldKeyOf = (row: LakeRow): string => {
  if (row["_before"] == null) return keyOf(row)
  // What the format says of `_before`: an object whose values are texts.
  return keyOf(JSON.parse(row["_before"]) as Record<string, string>)
}

/** Applies one change; answers why it cannot be applied, or nothing. */
export const apply = (rows: Rows, change: LakeRow): string | undefined => {
  const key = keyOf(change)
  switch (change["_op"]) {
    case "T":
      rows.clear()
      return undefined
    case "D":
      return rows.delete(key) ? undefined : `deletes ${key}, which is not there`
    case "I":
      if (rows.has(key)) return `inserts ${key}, which is there already`
      rows.set(key, ownColumns(change))
      return undefined
    case "U": {
      const oldKey = oldKeyOf(change)
      const before = rows.get(oldKey)
      if (before === undefined) return `updates ${oldKey}, which is not there`
      rows.delete(oldKey)
      if (rows.has(key)) return `moves ${oldKey} to ${key}, which is there already`
      const kept = unchangedOf(change).map((name) => [name, before[name] ?? null])
      rows.set(key, { ...before, ...ownColumns(change), ...Object.fromEntries(kept) })
      return undefined
    }
    default:
      return `has the operation ${change["_op"]}`
  }
}
