/**
 * Writes a line of the slot as a row of `inc` (`IncRow.ts`), with the values copied from the line's bytes. `_before` and
 * `_unchanged`, which few rows have, are built as text.
 */
import { comma, newline } from "../bytes/Ascii.ts"
import { FixedBytes, slackBytes } from "../bytes/FixedBytes.ts"
import { csvField } from "../csv/Csv.ts"
import { isMark, markInJson } from "../slot/LongLine.ts"
import { valueIn } from "../slot/tokens/ChangeView.ts"
import type { LineCursor } from "../slot/tokens/LineCursor.ts"
import type { RowTokenizer } from "../slot/tokens/RowTokenizer.ts"
import { namesOf, type TupleSpans, unsentForm } from "../slot/tokens/TupleSpans.ts"
import { printTextArray } from "../source/TextArray.ts"
import type { ColumnsFit, Placement } from "./ColumnsFit.ts"
import { CsvRowWriter } from "./CsvRowWriter.ts"
import type { Columns, CommitFields } from "./IncRow.ts"
import { RowBuffer } from "./RowBuffer.ts"

/** Upper bound for `_op`, `_lsn`, `_seq`, `_xid` and `_commit_ts` with their commas. In bytes. */
const headBytesMax = 128

/** Bounds the memory for the names of leaves. */
const mostPartitions = 4096

export class IncRowWriter {
  readonly #csv = new CsvRowWriter()
  /** The fields that all rows of the transaction share: before and after `_seq`. */
  readonly #beforeSeq = new FixedBytes()
  readonly #afterSeq = new FixedBytes()
  /** The fields of leaves, with their commas. Cleared at `mostPartitions`. */
  readonly #partitions = new Map<string, FixedBytes>()
  /** Holds a row for `print`. */
  readonly #text = new RowBuffer()

  /** Begins the rows of another transaction. */
  beginTransaction({ lsn, xid, at }: CommitFields): void {
    this.#beforeSeq.set(`,${lsn},`)
    this.#afterSeq.set(`,${xid},${at},`)
  }

  /**
   * Appends the row of the line that `tokens` has read. A value is written only under its own column name; values of
   * columns that `fit` lacks are not written. `seq` is the number of the line within its transaction, from 1. `leaf` is that
   * of a partitioned table, as printed in SQL.
   */
  append(tokens: RowTokenizer, fit: ColumnsFit, seq: number, rows: RowBuffer, leaf?: string): void {
    const { cursor, tag } = tokens
    const { columns } = fit
    const isWhole = tag === "Insert" || tag === "Update"
    const old = tag === "Update" && tokens.hasOld ? tokens.old : undefined
    const unsent = isWhole ? unsentIn(tokens.row, old) : none
    const before = old === undefined ? "" : csvField(printBefore(cursor, old))
    const unchanged = unsent.length === 0 ? "" : csvField(printTextArray(unsent))
    const partition = leaf === undefined ? undefined : this.#partitionField(leaf)
    const csv = this.#csv
    // At most every byte is a quote and is doubled. A NULL takes only its comma.
    const valueBytes = 2 * (cursor.end - cursor.start) + columns.length
    const textBytes = before.length + unchanged.length + (partition?.length ?? 0)
    rows.reserve(headBytesMax + valueBytes + textBytes + slackBytes)
    csv.begin(rows, cursor)
    csv.putByte(tag.charCodeAt(0))
    csv.put(this.#beforeSeq)
    csv.putNumber(seq)
    csv.put(this.#afterSeq)
    csv.putText(before)
    csv.putByte(comma)
    csv.putText(unchanged)
    if (partition !== undefined) csv.put(partition)
    if (isWhole && tokens.row.unsent === 0 && fit.has(tokens))
      this.#putWhole(tokens.row, fit.placementOf(tokens.row))
    else if (tag === "Truncate") for (let i = 0; i < columns.length; i++) csv.putByte(comma)
    else if (fit.isPartitioned) this.#putByName(isWhole ? tokens.row : tokens.old, columns, old)
    else this.#putPlaced(isWhole ? tokens.row : tokens.old, columns, old)
    csv.putByte(newline)
    rows.length = csv.written
  }

  /** Returns the same row as text. */
  print(tokens: RowTokenizer, fit: ColumnsFit, seq: number, leaf?: string): string {
    const rows = this.#text
    this.append(tokens, fit, seq, rows, leaf)
    const text = rows.bytes.toString("latin1", 0, rows.length)
    rows.clear()
    return text
  }

  #partitionField(leaf: string): FixedBytes {
    const known = this.#partitions.get(leaf)
    if (known !== undefined) return known
    if (this.#partitions.size >= mostPartitions) this.#partitions.clear()
    const field = new FixedBytes(`,${csvField(leaf)}`)
    this.#partitions.set(leaf, field)
    return field
  }

  #putWhole(row: TupleSpans, placement: Placement | undefined): void {
    if (placement === undefined) this.#csv.putAll(row)
    else
      for (const index of placement) {
        this.#csv.putByte(comma)
        this.#csv.putValue(row, index)
      }
  }

  /** As `#putPlaced`, for a tuple whose columns may have another order. */
  #putByName(tuple: TupleSpans, columns: Columns, old: TupleSpans | undefined): void {
    const csv = this.#csv
    for (const name of columns) {
      csv.putByte(comma)
      const index = indexOf(name, tuple)
      if (index === -1) continue
      const former = tuple.form(index) === unsentForm && old !== undefined ? indexOf(name, old) : -1
      if (old !== undefined && former !== -1) csv.putValue(old, former)
      else csv.putValue(tuple, index)
    }
  }

  /** Writes one field per name: empty if the tuple lacks the column, from `old` if the tuple's value is unchanged TOAST. */
  #putPlaced(tuple: TupleSpans, columns: Columns, old: TupleSpans | undefined): void {
    const csv = this.#csv
    let next = 0
    for (const name of columns) {
      csv.putByte(comma)
      if (next >= tuple.count || tuple.columns[next]?.name !== name) continue
      const index = tuple.form(next) === unsentForm && old !== undefined ? indexOf(name, old) : -1
      if (old !== undefined && index !== -1) csv.putValue(old, index)
      else csv.putValue(tuple, next)
      next++
    }
  }
}

const none: ReadonlyArray<string> = []

const indexOf = (name: string, { columns, count }: TupleSpans): number => {
  for (let i = 0; i < count; i++) if (columns[i]?.name === name) return i
  return -1
}

/**
 * Returns the columns whose values are nowhere in the line. Under REPLICA IDENTITY FULL the old row holds the large values
 * that the new one leaves out.
 */
const unsentIn = (row: TupleSpans, old: TupleSpans | undefined): ReadonlyArray<string> => {
  if (row.unsent === 0) return none
  return namesOf(row).filter((name, i) => {
    if (row.form(i) !== unsentForm) return false
    const index = old === undefined ? -1 : indexOf(name, old)
    return index === -1 || old?.form(index) === unsentForm
  })
}

/**
 * `JSON.stringify` escapes `"`, `\` and control characters and leaves the bytes of UTF-8 as they are. The members are joined
 * here, because a JavaScript object would sort names such as `1` first and lose `__proto__`.
 */
const printBefore = (cursor: LineCursor, old: TupleSpans): string => {
  const members = namesOf(old).flatMap((name, i) => {
    const value = valueIn(cursor, old, i)
    if (typeof value !== "string") return []
    return [`${JSON.stringify(name)}:${isMark(value) ? markInJson(value) : JSON.stringify(value)}`]
  })
  return `{${members.join(",")}}`
}
