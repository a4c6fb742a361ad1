/**
 * Marks: what stands in the text of a long line for its long values.
 *
 * PostgreSQL prints lines of up to 1 GB. A line over `longLineBytes` arrives in parts (`LinePart`), which go to a
 * temporary file as they are. In memory the line is its text with a mark for each long value (`LongLineReader.ts`), and
 * a value is read from the file, window by window, when its row is written (`LongValueEncoder.ts`).
 *
 * No value can be read as a mark: a mark begins with a zero byte, and PostgreSQL holds none.
 */

/** What is wrong with a row that holds a zero byte itself, a short one too: it would be read as a mark. */
export const zeroByte = "a zero byte, which no value holds"

/** Lines up to this length are read as strings. In bytes. */
export const longLineBytes = 1024 * 1024

/** A long value, as printed: without the quotes around it, those inside doubled. */
export interface LongValue {
  /** In bytes from the beginning of the transaction's first long line. */
  readonly offset: number
  /** In bytes. */
  readonly length: number
  /** A CSV field needs quotes around it: it holds `"`, `,` or the end of a line. */
  readonly isQuoted: boolean
  /** It holds apostrophes, which are printed twice. */
  readonly isPaired: boolean
}

const quotedFlag = 1
const pairedFlag = 2

export const printMark = ({ offset, length, isQuoted, isPaired }: LongValue): string =>
  `\0${offset}:${length}:${(isQuoted ? quotedFlag : 0) + (isPaired ? pairedFlag : 0)}\0`

/** What `printMark` prints, at the beginning of a text. */
export const markPattern = /^\0\d+:\d+:[0-3]\0/

/** Whether a value is the mark of a long one. */
export const isMark = (value: string): boolean => value.charCodeAt(0) === 0

/** The mark as a value inside JSON, quotes included. */
export const markInJson = (mark: string): string => `"\0j${mark.slice(1)}"`

export interface MarkInRow {
  readonly value: LongValue
  /** It stands inside of the JSON text of `_before`, which is inside of a quoted field. */
  readonly inJson: boolean
}

const marks = /\0(j?)(\d+):(\d+):([0-3])\0/g

/** A row of CSV that holds marks, as the byte strings between them and the values that they stand for, in order. */
export function* rowPieces(row: string): Generator<string | MarkInRow> {
  let read = 0
  for (const { 0: mark, 1: json, 2: offset, 3: length, 4: flags, index } of row.matchAll(marks)) {
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
    }
  }
  yield row.slice(read)
}
