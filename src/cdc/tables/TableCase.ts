/** Decides what has happened to a dataset's table since the watermark was written, as data from the catalog's answer. */
import { Option } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import { printTable, sameTable, type TableName } from "../../core/source/SourceTable.ts"
import { SourceError } from "../../services/source/SourceError.ts"

export interface TableCaseFacts {
  /** The name that SOURCE_TABLES gives the dataset. */
  readonly configured: TableName
  /** The table that the watermark names for it. */
  readonly known: Option.Option<{ readonly table: TableName; readonly oid: number }>
  /** The LSN at which the dataset was taken out of SOURCE_TABLES, if it was. */
  readonly left: Option.Option<Lsn>
  /** The watermark's line 1. */
  readonly position: Lsn
  /** True if SOURCE_TABLES has not changed since the watermark was written: then a new OID is no choice of another table. */
  readonly isRunning: boolean
  /** True if it was followed although the watermark names no table: by an older version, or since the lake's beginning. */
  readonly isFollowed: boolean
  /** True if the lake holds objects of it. */
  readonly hasObjects: boolean
  /** OID of the table that has the configured name now. */
  readonly oid: Option.Option<number>
  /** Name of the table that has the known OID now. None if that name is configured for another dataset. */
  readonly nameNow: Option.Option<TableName>
}

export type TableCase =
  /** The same table, or the same under a new name that SOURCE_TABLES has too. */
  | { readonly _tag: "Same" }
  /** SOURCE_TABLES has the old name, which no table has any more. */
  | { readonly _tag: "Renamed"; readonly to: TableName }
  /** Another table under the same name. */
  | { readonly _tag: "Replaced" }
  /** No table has its name or OID. */
  | { readonly _tag: "Dropped" }
  /** Not followed before. */
  | { readonly _tag: "New" }
  /** Taken out of SOURCE_TABLES and added again: commits between the two are not in `inc`. */
  | { readonly _tag: "Again" }
  /** Taken out and added again before any more WAL was read. */
  | { readonly _tag: "Back" }
  /** Another table under another name: its rows would be mixed with those of the first one. */
  | { readonly _tag: "OtherTable"; readonly oid: number }
  /** Neither the catalog nor the lake knows it. */
  | { readonly _tag: "Unknown" }

/**
 * The configured name decides. The OID decides only if no table has that name, or if it differs from the watermark's. OIDs
 * are valid on one server and database only, which the start has checked before.
 */
export const tableCase = (facts: TableCaseFacts): TableCase => {
  const { known, oid, left } = facts
  const isLeft = Option.isSome(left)
  if (Option.isNone(oid)) {
    // A dataset that is not followed has no pending changes.
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

/** The error for a table that neither the catalog nor the lake knows. */
export const unknownTable = (table: TableName) =>
  new SourceError({
    reason: "SchemaOrTableMissing",
    subject: `table ${printTable(table)}`,
    detail: "it does not exist",
  })
