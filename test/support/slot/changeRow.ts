/**
 * The row of `inc` that a change makes, by the letter of docs/format.md: one look-up by name for each column, on strings.
 * It shares no line with the writer that it is compared with.
 */
import { csvRow } from "../../../src/core/csv/Csv.ts"
import type { Columns, CommitFields } from "../../../src/core/row/IncRow.ts"
import type { Change, Tuple } from "../../../src/core/slot/Change.ts"
import type { RowChange } from "../../../src/core/slot/tokens/ChangeView.ts"
import { printTextArray } from "../../../src/core/source/TextArray.ts"

export type Insert = Extract<Change, { readonly _tag: "Insert" }>

export const isRowChange = (change: Change | undefined): change is RowChange =>
  change !== undefined && ["Insert", "Update", "Delete", "Truncate"].includes(change._tag)

const namesOf = (tuple: Tuple) => tuple.map(({ name }) => name)

/** The columns of an object that the change begins: of a DELETE those that it names. */
export const ownColumns = (change: RowChange): Columns => {
  if (change._tag === "Truncate") return []
  return namesOf(change._tag === "Delete" ? (change.before ?? []) : change.row)
}

export const repeats = (names: ReadonlyArray<string>): boolean => new Set(names).size < names.length

/** No table has two columns of one name. */
export const isPossible = (change: RowChange): boolean =>
  !repeats(ownColumns(change)) &&
  (change._tag !== "Update" || change.before === null || !repeats(namesOf(change.before)))

/** Whether the names are columns, in their order. */
const standIn = (names: ReadonlyArray<string>, columns: Columns): boolean => {
  let from = 0
  return names.every((name) => {
    const place = columns.indexOf(name, from)
    from = place + 1
    return place !== -1
  })
}

export const fitsColumns = (change: RowChange, columns: Columns): boolean => {
  if (change._tag === "Truncate") return true
  const names = ownColumns(change)
  return standIn(names, columns) && (change._tag === "Delete" || names.length === columns.length)
}

export const changeRow = (change: RowChange, columns: Columns, commit: CommitFields, seq: number): string => {
  const before = change._tag === "Update" || change._tag === "Delete" ? change.before : null
  const old = new Map((before ?? []).map(({ name, value }) => [name, value]))
  const row = change._tag === "Insert" || change._tag === "Update" ? change.row : []
  const values = new Map(
    row.map(({ name, value }) => [name, value === undefined ? old.get(name) : value] as const),
  )
  const unsent = namesOf(row).filter((name) => values.get(name) === undefined)
  const json = [...old].flatMap(([name, value]) =>
    typeof value === "string" ? [`${JSON.stringify(name)}:${JSON.stringify(value)}`] : [],
  )
  return csvRow([
    ...[change._tag.charAt(0), commit.lsn, String(seq), String(commit.xid), commit.at],
    change._tag === "Update" && before !== null ? `{${json.join(",")}}` : null,
    unsent.length === 0 ? null : printTextArray(unsent),
    ...columns.map((name) => (change._tag === "Delete" ? old.get(name) : values.get(name)) ?? null),
  ])
}
