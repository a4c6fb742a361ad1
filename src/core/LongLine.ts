/**
 * Lines that are too long for strings. One of 200 MB would be copied for every step from the socket to the object, and
 * one of 512 MB is more than a string of Node holds, while PostgreSQL prints up to 1 GB. So such a line stays where its
 * bytes are: in its text each long value is a mark, which no value can be, because PostgreSQL holds no zero byte. The
 * value itself is read when its row is written, a window at a time.
 */
import { Result } from "effect"

export interface LongLine {
  /** The literals as printed, quotes doubled, without those around them. A mark holds the place of one in this list. */
  readonly values: ReadonlyArray<Buffer>
}

/** Lines up to this length are strings. In bytes. */
export const longLineBytes = 1024 * 1024

/** In a longer line, what is longer than this is set aside. In bytes. */
const longValueBytes = 64 * 1024

/**
 * What is left once the long values are set aside is made a string. PostgreSQL's rows leave 130 MB at most: a page has room to
 * point to some 450 values, twice under FULL. So more is no row; it is refused before a string of Node (512 MB) is full.
 */
const longTextBytesMax = 256 * 1024 * 1024

const apostrophe = 0x27
const quote = 0x22
const colon = 0x3a
const upperB = 0x42
const zero = 0x30

/** After the closing quote; past the end where there is none. */
const endOfQuotes = (bytes: Buffer, open: number): number => {
  const code = bytes[open]
  let at = open + 1
  while (at < bytes.length && (bytes[at] !== code || bytes[at + 1] === code)) at += bytes[at] === code ? 2 : 1
  return at + 1
}

const isBits = (value: Buffer): boolean => {
  for (let at = 0; at < value.length; at++) if (((value[at] ?? 0) | 1) !== (zero | 1)) return false
  return true
}

/** A value's quotes follow a colon, those of bits a colon and `B`. What else stands in quotes is a name or a type, or damage. */
const isValue = (bytes: Buffer, open: number, end: number): boolean => {
  if (bytes[open] !== apostrophe) return false
  if (bytes[open - 1] === colon) return true
  return bytes[open - 1] === upperB && bytes[open - 2] === colon && isBits(bytes.subarray(open + 1, end - 1))
}

export interface LongText {
  readonly text: string
  readonly long: LongLine
}

/**
 * The line's text with marks, and what they stand for; or what is wrong with the line, without its values. Outside of quotes
 * `test_decoding` prints only names, types and short words. `longest` is what stays a part of the text.
 */
export const readLongLine = (bytes: Buffer, longest = longValueBytes): Result.Result<LongText, string> => {
  // It would be read as a mark.
  if (bytes.includes(0)) return Result.fail("a zero byte, which no value holds")
  const values: Array<Buffer> = []
  let left = bytes.length
  for (let at = 0; at < bytes.length; ) {
    const code = bytes[at]
    if (code !== apostrophe && code !== quote) {
      at++
      continue
    }
    const open = at
    at = endOfQuotes(bytes, open)
    if (at > bytes.length) return Result.fail("a quote that is not closed")
    if (at - open <= longest || !isValue(bytes, open, at)) continue
    values.push(bytes.subarray(open + 1, at - 1))
    left -= at - open
  }
  if (left > longTextBytesMax) return Result.fail(`${left} bytes beside its long values`)
  return Result.succeed({ text: markedText(bytes, values), long: { values } })
}

/** `values` are parts of `bytes`. */
const markedText = (bytes: Buffer, values: ReadonlyArray<Buffer>): string => {
  let text = ""
  let read = 0
  for (const [place, value] of values.entries()) {
    const start = value.byteOffset - bytes.byteOffset
    text += `${bytes.toString("latin1", read, start)}\0${place}\0`
    read = start + value.length
  }
  return text + bytes.toString("latin1", read)
}

/** Whether a value is the mark of one that was set aside. */
export const isMark = (value: string): boolean => value.charCodeAt(0) === 0

/** Where the mark at `at` ends, or -1 where none is. */
export const endOfMark = (text: string, at: number): number => {
  if (text.charCodeAt(at) !== 0) return -1
  const close = text.indexOf("\0", at + 1)
  return /^\d+$/.test(text.slice(at + 1, close)) ? close + 1 : -1
}

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
    const isQuoted = special.some((code) => value.includes(code))
    if (inJson === "j") for (const text of windows(value)) yield pairQuotes(JSON.stringify(text).slice(1, -1))
    else if (!isQuoted) yield* windows(value)
    else {
      yield '"'
      for (const text of windows(value)) yield pairQuotes(text)
      yield '"'
    }
  }
  yield row.slice(read)
}

/** As in `Csv.ts`: what makes a field need quotes. */
const special = ['"', ",", "\n", "\r"].map((character) => character.charCodeAt(0))

/** By hand: `replaceAll` takes seven times as long where every character is a quote, and leaves a lot behind it. */
const pairQuotes = (text: string): string => {
  const bytes = Buffer.from(text, "latin1")
  const room = Buffer.allocUnsafe(2 * bytes.length)
  let to = 0
  for (let at = 0; at < bytes.length; at++) {
    const code = bytes[at] ?? 0
    room[to++] = code
    if (code === quote) room[to++] = code
  }
  return room.toString("latin1", 0, to)
}

/** Large enough that a write costs less than what is written. */
const windowBytes = 256 * 1024

/** The value in parts, of each pair of apostrophes one. */
function* windows(value: Buffer): Generator<string> {
  const room = Buffer.allocUnsafe(Math.min(windowBytes, value.length))
  for (let at = 0; at < value.length; ) {
    let to = 0
    while (to < room.length && at < value.length) {
      const code = value[at++] ?? 0
      room[to++] = code
      if (code === apostrophe) at++
    }
    yield room.toString("latin1", 0, to)
  }
}
