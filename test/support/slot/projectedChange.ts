/** Projections of tables, and what a change becomes under one: a look-up by name for each value, on strings. */
import { createHmac } from "node:crypto"
import { Result } from "effect"
import { fromBytes } from "../../../src/core/bytes/Bytes.ts"
import { parseColumnList } from "../../../src/core/columns/ColumnEntry.ts"
import type { ColumnFate, ColumnRules } from "../../../src/core/columns/Projection.ts"
import type { Tuple } from "../../../src/core/slot/Change.ts"
import type { RowChange } from "../../../src/core/slot/tokens/ChangeView.ts"
import { hashingUnder } from "../../../src/settings/columns/KeyedHash.ts"

export const hashKey = "chave de teste"

/** The hash of a value, a byte string. */
export const hashOf = (value: string): string =>
  createHmac("sha256", Buffer.from(hashKey, "utf8")).update(Buffer.from(value, "latin1")).digest("hex")

/** Rules as the settings would have them. */
export const rulesOf = (excluded: ReadonlyArray<string>, hashed: ReadonlyArray<string>): ColumnRules => {
  const entries = (list: ReadonlyArray<string>) =>
    list.length === 0 ? [] : Result.getOrThrow(parseColumnList(list.join(",")))
  return {
    excluded: entries(excluded),
    hashed: entries(hashed),
    hashing: hashingUnder(hashKey),
    onNewColumn: "include",
  }
}

const quoted = (bytes: string): string => `"${fromBytes(bytes).replaceAll('"', '""')}"`

/** The entry of a column of the change's table, whose names are byte strings. */
export const entryOf = (table: { readonly schema: string; readonly name: string }, column: string): string =>
  [table.schema, table.name, column].map(quoted).join(".")

/** By name, a byte string. Others are kept. */
export type Fates = ReadonlyMap<string, ColumnFate>

const projectedTuple = (tuple: Tuple, fates: Fates): Tuple =>
  tuple
    .filter(({ name }) => fates.get(name) !== "drop")
    .map((cell) =>
      fates.get(cell.name) === "hash" && typeof cell.value === "string"
        ? { ...cell, value: hashOf(cell.value) }
        : cell,
    )

/** The change as if the source had held the projected row. */
export const projectedChange = (change: RowChange, fates: Fates): RowChange => {
  switch (change._tag) {
    case "Insert":
      return { ...change, row: projectedTuple(change.row, fates) }
    case "Update":
      return {
        ...change,
        before: change.before && projectedTuple(change.before, fates),
        row: projectedTuple(change.row, fates),
      }
    case "Delete":
      return { ...change, before: change.before && projectedTuple(change.before, fates) }
    case "Truncate":
      return change
  }
}

/** Its values. */
export const cellsOf = (change: RowChange): Tuple =>
  change._tag === "Truncate"
    ? []
    : [...("row" in change ? change.row : []), ...(("before" in change ? change.before : null) ?? [])]
