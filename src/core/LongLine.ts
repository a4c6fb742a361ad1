/**
 * Lines that are too long for strings. One of 200 MB would be copied for every step from the socket to the object, and
 * one of 512 MB is more than a string of Node holds, while PostgreSQL prints up to 1 GB. So such a line stays where its
 * bytes are: in its text each long value is a mark, which no value can be, because PostgreSQL holds no zero byte. The
 * value itself is read when its row is written, a window at a time.
 */

export interface LongLine {
  readonly bytes: Buffer
  /** The literals as printed, quotes doubled, without those around them. A mark holds the place of one in this list. */
  readonly values: ReadonlyArray<Buffer>
}

/** Lines up to this length are strings. In bytes. */
export const longLineBytes = 1024 * 1024

/** In a longer line, what is longer than this is set aside. In bytes. */
const longValueBytes = 64 * 1024

const apostrophe = 0x27
const quote = 0x22
const colon = 0x3a

/** After the closing quote; past the end where there is none. */
const endOfQuotes = (bytes: Buffer, open: number): number => {
  const code = bytes[open]
  let at = open + 1
  while (at < bytes.length && (bytes[at] !== code || bytes[at + 1] === code)) at += bytes[at] === code ? 2 : 1
  return at + 1
}

/**
 * The line's text with marks, and what they stand for. Outside of quotes `test_decoding` prints only names, types and
 * short words, and a value's quotes follow a colon (bits follow a `B`, and stay).
 */
export const readLongLine = (bytes: Buffer): { readonly text: string; readonly long: LongLine } => {
  const values: Array<Buffer> = []
  let text = ""
  let read = 0
  for (let at = 0; at < bytes.length; ) {
    const code = bytes[at]
    if (code !== apostrophe && code !== quote) {
      at++
      continue
    }
    const open = at
    at = endOfQuotes(bytes, open)
    const isValue = code === apostrophe && bytes[open - 1] === colon && at <= bytes.length
    if (!isValue || at - open <= longValueBytes) continue
    text += `${bytes.toString("latin1", read, open + 1)}\0${values.length}\0`
    values.push(bytes.subarray(open + 1, at - 1))
    read = at - 1
  }
  return { text: text + bytes.toString("latin1", read), long: { bytes, values } }
}

/** Whether a value is the mark of one that was set aside. */
export const isMark = (value: string): boolean => value.charCodeAt(0) === 0

/** The mark as a value inside JSON, quotes included. */
export const markInJson = (mark: string): string => `"\0j${mark.slice(1)}"`

const marks = /\0(j?)(\d+)\0/g

/** A row of CSV that holds marks, in pieces that follow each other: byte strings, as the row. */
export function* rowPieces(row: string, { values }: LongLine): Generator<string> {
  let read = 0
  for (const { 0: mark, 1: inJson, 2: place, index } of row.matchAll(marks)) {
    yield row.slice(read, index)
    read = index + mark.length
    const value = values[Number(place)]
    if (value === undefined) continue
    if (inJson === "j") yield* windows(value, (text) => inQuotes(JSON.stringify(text).slice(1, -1)))
    else if (!special.some((code) => value.includes(code))) yield* windows(value, (text) => text)
    else {
      yield '"'
      yield* windows(value, inQuotes)
      yield '"'
    }
  }
  yield row.slice(read)
}

/** As in `Csv.ts`: what makes a field need quotes. */
const special = ['"', ",", "\n", "\r"].map((character) => character.charCodeAt(0))

const inQuotes = (text: string): string => text.replaceAll('"', '""')

/** Large enough that a write costs less than what is written. */
const windowBytes = 256 * 1024

function* windows(value: Buffer, print: (text: string) => string): Generator<string> {
  let end = 0
  for (let at = 0; at < value.length; at = end) {
    end = Math.min(at + windowBytes, value.length)
    // Apostrophes come in pairs, and no pair is divided.
    let run = 0
    while (end - run > at && value[end - run - 1] === apostrophe) run++
    end += run % 2
    yield print(value.toString("latin1", at, end).replaceAll("''", "'"))
  }
}
