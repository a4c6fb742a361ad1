/**
 * Marks: placeholders for the long values in the text of a long line.
 *
 * PostgreSQL prints lines of up to 1 GB. A line over `longLineBytes` arrives in parts (`LinePart`), which are spilled to a
 * temporary file unchanged. In memory the line is its text with a mark for each long value (`LongLineReader.ts`). A value is
 * read from the file, window by window, when its row is written (`LongValueEncoder.ts`).
 *
 * No value reads as a mark: a mark begins with a zero byte, which PostgreSQL's text types cannot contain.
 */

/** The problem of a line that contains a zero byte, which would read as a mark. */
export const zeroByte = "a zero byte, which no value holds"

/** Lines up to this length are read as strings. In bytes. */
export const longLineBytes = 1024 * 1024

/** A long value as printed: without its quotes, with inner ones doubled. */
export interface LongValue {
  /** In bytes from the beginning of the transaction's first long line. */
  readonly offset: number
  /** In bytes. */
  readonly length: number
  /** True if it needs quotes in CSV: it contains `"`, `,` or a line end. */
  readonly isQuoted: boolean
  /** True if it contains apostrophes, which are printed twice. */
  readonly isPaired: boolean
}

const quotedFlag = 1
const pairedFlag = 2

export const printMark = ({ offset, length, isQuoted, isPaired }: LongValue): string =>
  `\0${offset}:${length}:${(isQuoted ? quotedFlag : 0) + (isPaired ? pairedFlag : 0)}\0`

/** Matches the output of `printMark` at the beginning of a text. */
export const markPattern = /^\0\d+:\d+:[0-3]\0/

/** True if the value is the mark of a long one. */
export const isMark = (value: string): boolean => value.charCodeAt(0) === 0

/** Longer than any mark: two numbers of at most 16 digits. In bytes. */
export const markBytesMax = 64

/** The mark of a value of which the row has the hash only. */
export const hashedMark = (mark: string): string => `\0h${mark.slice(1)}`

/** The mark as a value inside JSON, quotes included. */
export const markInJson = (mark: string): string => `"\0j${mark.slice(1)}"`

export interface MarkInRow {
  readonly value: LongValue
  /** True inside the JSON text of `_before`, which is inside a quoted field. */
  readonly inJson: boolean
  /** True if the row has the hash of the value instead of the value. */
  readonly isHashed: boolean
}

const marks = /\0(j?)(h?)(\d+):(\d+):([0-3])\0/g

/** Splits a CSV row with marks into byte strings and the long values between them, in order. */
export function* splitAtMarks(row: string): Generator<string | MarkInRow> {
  let read = 0
  for (const { 0: mark, 1: json, 2: hash, 3: offset, 4: length, 5: flags, index } of row.matchAll(marks)) {
    if (index > read) yield row.slice(read, index)
    read = index + mark.length
    yield {
      value: {
        offset: Number(offset),
        length: Number(length),
        isQuoted: (Number(flags) & quotedFlag) !== 0,
        isPaired: (Number(flags) & pairedFlag) !== 0,
      },
      inJson: json === "j",
      isHashed: hash === "h",
    }
  }
  yield row.slice(read)
}
