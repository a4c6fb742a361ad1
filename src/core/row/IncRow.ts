/**
 * The rows of `inc`: seven columns that tell the change, then the table's own. Specified in docs/format.md.
 * All texts are byte strings; a row is one line of CSV with its newline.
 */

import { csvField, csvRow } from "../csv/Csv.ts"
import type { Cell, Change, Tuple } from "../slot/Change.ts"
import { isMark, markInJson } from "../slot/LongLine.ts"
import { printTextArray } from "../source/TextArray.ts"

/** Names of a table's columns, in table order. */
export type Shape = ReadonlyArray<string>

export type Insert = Extract<Change, { readonly _tag: "Insert" }>
export type Update = Extract<Change, { readonly _tag: "Update" }>
export type Delete = Extract<Change, { readonly _tag: "Delete" }>
export type Truncate = Extract<Change, { readonly _tag: "Truncate" }>
export type RowChange = Insert | Update | Delete | Truncate

/** What every row of one transaction shares, as it stands in the row. */
export interface CommitFields {
  /** Sortable: `00000000/016B3748`. */
  readonly lsn: string
  readonly xid: number
  /** As PostgreSQL prints a timestamptz in UTC. */
  readonly at: string
}

export const metaColumns = ["_op", "_lsn", "_seq", "_xid", "_commit_ts", "_before", "_unchanged"] as const

/** An INSERT and an UPDATE name every column of the table at that moment. */
export const shapeOf = (change: Insert | Update): Shape => change.row.map((cell) => cell.name)

/**
 * Whether a row of this shape holds the change, no more and no less. INSERT and UPDATE must have just these columns, in
 * this order. A DELETE names the identity columns that were not NULL: all must be in the shape, in its order. A
 * TRUNCATE fits every shape. Cheap, because it runs for every row: the names are mostly the same strings.
 */
export const fitsShape = (change: RowChange, shape: Shape): boolean => {
  switch (change._tag) {
    case "Insert":
    case "Update":
      return change.row.length === shape.length && isWithin(change.row, shape)
    case "Delete":
      return change.before === null || isWithin(change.before, shape)
    case "Truncate":
      return true
  }
}

const isWithin = (tuple: Tuple, shape: Shape): boolean => {
  let next = 0
  for (let i = 0; i < shape.length && next < tuple.length; i++) if (tuple[next]?.name === shape[i]) next++
  return next === tuple.length
}

/**
 * The header. A column of the table that bears the name of one of ours gets `_` appended, as often as it takes until
 * neither our columns nor the table's have that name; all other names stay.
 */
export const incHeader = (shape: Shape): string => {
  const taken = new Set<string>([...metaColumns, ...shape])
  const ours = new Set<string>(metaColumns)
  const free = (name: string): string => (taken.has(name) ? free(`${name}_`) : name)
  return csvRow([...metaColumns, ...shape.map((name) => (ours.has(name) ? free(name) : name))])
}

/**
 * One change as a row of `shape`, which it must fit (`fitsShape`): a column that the shape lacks is not written, and a
 * value never stands under another's name. `seq` is the number of the change's line within its transaction, from 1.
 * `_before` and `_unchanged` name columns as the table does.
 */
export const incRow = (change: RowChange, shape: Shape, commit: CommitFields, seq: number): string => {
  const shared = `,${commit.lsn},${seq},${commit.xid},${commit.at},`
  switch (change._tag) {
    case "Insert":
      return `I${shared},${csvField(printUnchanged(change.row))}${placed(change.row, shape)}\n`
    case "Update": {
      const { before } = change
      const row = before === null ? change.row : filled(change.row, before)
      const json = before === null ? "" : csvField(printBefore(before))
      return `U${shared}${json},${csvField(printUnchanged(row))}${placed(row, shape)}\n`
    }
    case "Delete":
      return `D${shared},${placed(change.before ?? [], shape)}\n`
    case "Truncate":
      return `T${shared},${placed([], shape)}\n`
  }
}

/** The fields of a tuple, a comma before each; empty under a column that it lacks. */
const placed = (tuple: Tuple, shape: Shape): string => {
  let fields = ""
  let next = 0
  for (let i = 0; i < shape.length; i++) {
    const cell = tuple[next]
    fields += ","
    if (cell === undefined || cell.name !== shape[i]) continue
    fields += csvField(cell.value ?? null)
    next++
  }
  return fields
}

/** Under REPLICA IDENTITY FULL the old tuple holds the large values that the new one leaves out. */
const filled = (row: Tuple, before: Tuple): Tuple =>
  hasUnsent(row)
    ? row.map((cell) => (isUnsent(cell) ? (before.find((old) => old.name === cell.name) ?? cell) : cell))
    : row

const isUnsent = (cell: Cell): boolean => cell.value === undefined

const hasUnsent = (row: Tuple): boolean => {
  for (let i = 0; i < row.length; i++) if (row[i]?.value === undefined) return true
  return false
}

/**
 * `JSON.stringify` escapes `"`, `\` and control characters and leaves the bytes of UTF-8 as they are. The object is put
 * together here: a JavaScript object would sort names such as `1` first and lose `__proto__`.
 */
const printBefore = (before: Tuple): string => {
  const members: Array<string> = []
  for (const { name, value } of before) {
    if (typeof value !== "string") continue
    members.push(`${JSON.stringify(name)}:${isMark(value) ? markInJson(value) : JSON.stringify(value)}`)
  }
  return `{${members.join(",")}}`
}

const printUnchanged = (row: Tuple): string | null => {
  if (!hasUnsent(row)) return null
  return printTextArray(row.filter(isUnsent).map((cell) => cell.name))
}
