/** Converts the tokenizer's spans to values of the union, for callers that need strings. */
import type { Cell, Change } from "../Change.ts"
import type { LineCursor } from "./LineCursor.ts"
import type { RowTag, RowTokenizer } from "./RowTokenizer.ts"
import { nullForm, pairedFlag, plainForm, type TupleSpans, unsentForm } from "./TupleSpans.ts"

export type RowChange = Extract<Change, { readonly _tag: RowTag }>

/** A value as a byte string: null is NULL, undefined an unchanged TOAST value. */
export const valueIn = (cursor: LineCursor, spans: TupleSpans, i: number): string | null | undefined => {
  const form = spans.form(i)
  if (form === nullForm) return null
  if (form === unsentForm) return undefined
  const text = cursor.text(spans.from(i), spans.to(i))
  return form > plainForm && (form & pairedFlag) !== 0 ? text.replaceAll("''", "'") : text
}

const tupleIn = (cursor: LineCursor, spans: TupleSpans): ReadonlyArray<Cell> => {
  const cells: Array<Cell> = []
  for (let i = 0; i < spans.count; i++) {
    const column = spans.columns[i]
    if (column === undefined) break
    cells.push({ name: column.name, type: column.type, value: valueIn(cursor, spans, i) })
  }
  return cells
}

/** Returns the change that the line reports. It stays valid when the tokenizer reads the next line. */
export const changeIn = (tokens: RowTokenizer): RowChange => {
  const { cursor, row, old, hasOld, tag } = tokens
  const { table } = tokens.table
  switch (tag) {
    case "Insert":
      return { _tag: tag, table, row: tupleIn(cursor, row) }
    case "Update":
      return { _tag: tag, table, before: hasOld ? tupleIn(cursor, old) : null, row: tupleIn(cursor, row) }
    case "Delete":
      return { _tag: tag, table, before: hasOld ? tupleIn(cursor, old) : null }
    case "Truncate": {
      const { tables, restartSequences, cascade } = tokens
      return { _tag: tag, tables, restartSequences, cascade }
    }
  }
}
