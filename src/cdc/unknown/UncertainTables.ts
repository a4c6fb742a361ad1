/** Followed tables whose rows the WAL may hold under a name that nobody knows. */
import { Option } from "effect"
import { changedSince, type DatasetLines, type FollowedTable } from "../tables/TablePlan.ts"

/** A table whose rows the WAL may hold under an unknown name. */
export interface UncertainTable extends FollowedTable {
  /** All transactions with a lower id (64 bits) had ended when its name was last known. */
  readonly since: bigint
  /** It may have been in a schema of another name, but had its own name all along. */
  readonly hasKeptName: boolean
}

/** Returns the followed tables whose names may have been others since they were recorded. */
export const uncertainTables = (
  lines: DatasetLines,
  followed: ReadonlyArray<FollowedTable>,
): ReadonlyArray<UncertainTable> =>
  followed.flatMap((one) => {
    // A leaf can come, get rows and go between two reads of the catalog, under any name.
    const changed =
      one.leaves === undefined
        ? changedSince(lines, one)
        : Option.fromUndefinedOr(lines.catalog.get(one.dataset))
    return Option.toArray(changed).map((recorded) => ({
      ...one,
      since: recorded.endedBelow,
      hasKeptName: one.leaves === undefined && Option.exists(one.mark, (now) => now.table === recorded.table),
    }))
  })

/** Returns the transaction id from which names count as unknown; undefined if all names are known. */
export const sinceOf = (unsure: ReadonlyArray<UncertainTable>): bigint | undefined =>
  unsure.reduce<bigint | undefined>(
    (first, { since }) => (first === undefined || since < first ? since : first),
    undefined,
  )
