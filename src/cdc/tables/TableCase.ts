/** What a dataset's table has become since the watermark was written. Decided as data from the catalog's answer. */
import { Option } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import { printTable, sameTable, type TableName } from "../../core/source/SourceTable.ts"
import { SourceError } from "../../services/source/SourceError.ts"

export interface TableCaseFacts {
  /** The name that SOURCE_TABLES gives the dataset. */
  readonly configured: TableName
  /** The table that the watermark names for it. */
  readonly known: Option.Option<{ readonly table: TableName; readonly oid: number }>
  /** Where the dataset was taken out of SOURCE_TABLES, if it was. */
  readonly left: Option.Option<Lsn>
  /** The watermark's line 1. */
  readonly position: Lsn
  /** SOURCE_TABLES has named it so since this process began: a rename that it saw is not a choice of another table. */
  readonly isRunning: boolean
  /** The watermark names no table for it, but it was followed: by an older version, or since the lake's beginning. */
  readonly isFollowed: boolean
  /** The lake holds objects of it. */
  readonly hasObjects: boolean
  /** OID of the table that bears the configured name now. */
  readonly oid: Option.Option<number>
  /** Name of the table that has the known OID now. None where that name is configured for another dataset. */
  readonly nameNow: Option.Option<TableName>
}

export type TableCase =
  /** The same table; under a new name where SOURCE_TABLES has followed a rename. */
  | { readonly _tag: "Same" }
  /** SOURCE_TABLES has the old name, which no table bears any more. */
  | { readonly _tag: "Renamed"; readonly to: TableName }
  /** Another table under the same name. */
  | { readonly _tag: "Replaced" }
  /** No table has its name or OID. */
  | { readonly _tag: "Dropped" }
  /** Not followed before. */
  | { readonly _tag: "New" }
  /** Taken out and in again: what was committed between the two is not in `inc`. */
  | { readonly _tag: "Again" }
  /** Taken out and in again, and nothing was read between the two. */
  | { readonly _tag: "Back" }
  /** Another table under another name: its rows would be mixed with those of the first one. */
  | { readonly _tag: "OtherTable"; readonly oid: number }
  /** Neither the catalog nor the lake knows it. */
  | { readonly _tag: "Unknown" }

/**
 * The configured name decides. The OID decides only where no table bears that name, or where it differs from the
 * watermark's. OIDs mean something on one server and database alone, which the start has checked before.
 */
export const tableCase = (facts: TableCaseFacts): TableCase => {
  const { known, oid, left } = facts
  const isLeft = Option.isSome(left)
  if (Option.isNone(oid)) {
    // Nothing waits of a dataset that is not followed.
    if (isLeft) return { _tag: "Unknown" }
    if (Option.isNone(known)) return { _tag: facts.hasObjects ? "Dropped" : "Unknown" }
    return Option.match(facts.nameNow, {
      onNone: (): TableCase => ({ _tag: "Dropped" }),
      onSome: (to) => ({ _tag: "Renamed", to }),
    })
  }
  if (Option.isSome(known) && known.value.oid !== oid.value) {
    return facts.isRunning || sameTable(known.value.table, facts.configured)
      ? { _tag: "Replaced" }
      : { _tag: "OtherTable", oid: oid.value }
  }
  if (isLeft) return { _tag: left.value === facts.position ? "Back" : "Again" }
  return { _tag: Option.isSome(known) || facts.isFollowed ? "Same" : "New" }
}

/** Of a table that neither the catalog nor the lake knows. */
export const unknownTable = (table: TableName) =>
  new SourceError({
    reason: "SchemaOrTableMissing",
    subject: `table ${printTable(table)}`,
    detail: "it does not exist",
  })
