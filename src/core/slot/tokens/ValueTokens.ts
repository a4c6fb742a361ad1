/**
 * Finds the end of a value as `test_decoding` prints it (`PrintedLiteral.ts`), and how CSV encodes it.
 * A reader that fails leaves the cursor at the beginning of the value.
 */
import { apostrophe, dot, isDigit, letterE, minus, plus, upperB, zero } from "../../bytes/Ascii.ts"
import { FixedBytes } from "../../bytes/FixedBytes.ts"
import { firstOf, four, smallBytes, zeroBytes } from "../../bytes/FourBytes.ts"
import { needingQuotes } from "../../csv/Csv.ts"
import { markBytesMax, markPattern } from "../LongLine.ts"
import type { Literal } from "../text/PrintedLiteral.ts"
import type { LineCursor } from "./LineCursor.ts"
import {
  emptyForm,
  nullForm,
  pairedFlag,
  plainForm,
  quotedFlag,
  type TupleSpans,
  unsentForm,
} from "./TupleSpans.ts"

const letterN = 0x6e
const letterU = 0x75
const letterT = 0x74

const nullWord = new FixedBytes("null")
const unsentWord = new FixedBytes("unchanged-toast-datum")
const trueWord = new FixedBytes("true")
const falseWord = new FixedBytes("false")

/** Reads one value, NULL or unchanged TOAST and adds it to `spans`. */
export const readValue = (cursor: LineCursor, literal: Literal, spans: TupleSpans): boolean => {
  const first = cursor.bytes[cursor.at]
  if (first === letterN && cursor.skip(nullWord)) {
    spans.add(nullForm, 0, 0)
    return true
  }
  if (first === letterU && cursor.skip(unsentWord)) {
    spans.add(unsentForm, 0, 0)
    spans.unsent++
    return true
  }
  if (literal === "text") return readText(cursor, spans)
  if (literal === "number") return readNumber(cursor, spans)
  return literal === "boolean" ? readBoolean(cursor, spans) : readBits(cursor, spans)
}

const readBoolean = (cursor: LineCursor, spans: TupleSpans): boolean => {
  const { at } = cursor
  if (!cursor.skip(cursor.bytes[at] === letterT ? trueWord : falseWord)) return cursor.fail("true or false")
  spans.add(plainForm, at, cursor.at)
  return true
}

const afterDigits = (bytes: Uint8Array, from: number, end: number): number => {
  let at = from
  while (at < end && isDigit(bytes[at] ?? 0)) at++
  return at
}

/** Reads `-12.50`, `1e+20`, `NaN`, `-Infinity`; in a marked line also a mark. */
const readNumber = (cursor: LineCursor, spans: TupleSpans): boolean => {
  const { bytes, at: start, end } = cursor
  const digits = bytes[start] === minus ? start + 1 : start
  let at = afterDigits(bytes, digits, end)
  if (at === digits) return readWordForNumber(cursor, spans)
  if (at < end && bytes[at] === dot) {
    const fraction = at + 1
    at = afterDigits(bytes, fraction, end)
    if (at === fraction) return cursor.fail("a number")
  }
  if (at < end && bytes[at] === letterE) {
    const sign = at + 1 < end ? bytes[at + 1] : 0
    const exponent = sign === plus || sign === minus ? at + 2 : at + 1
    at = afterDigits(bytes, exponent, end)
    if (at === exponent) return cursor.fail("a number")
  }
  spans.add(plainForm, start, at)
  cursor.at = at
  return true
}

const numberWords = ["Infinity", "-Infinity", "NaN"].map((word) => new FixedBytes(word))

const readWordForNumber = (cursor: LineCursor, spans: TupleSpans): boolean => {
  const { at } = cursor
  if (!numberWords.some((word) => cursor.skip(word)) && !skipMark(cursor)) return cursor.fail("a number")
  spans.add(plainForm, at, cursor.at)
  return true
}

/** Reads `B'101'`; in a marked line also a mark in the quotes. */
const readBits = (cursor: LineCursor, spans: TupleSpans): boolean => {
  const { bytes, at, end } = cursor
  const start = at + 2
  if (start >= end || bytes[at] !== upperB || bytes[at + 1] !== apostrophe) return failBits(cursor)
  cursor.at = start
  if (!skipMark(cursor)) while (cursor.at < end && ((bytes[cursor.at] ?? 0) | 1) === (zero | 1)) cursor.at++
  const close = cursor.at
  cursor.at = at
  if (close >= end || bytes[close] !== apostrophe) return failBits(cursor)
  spans.add(close === start ? emptyForm : plainForm, start, close)
  cursor.at = close + 1
  return true
}

const failBits = (cursor: LineCursor): false => cursor.fail("bits such as B'101'")

const skipMark = (cursor: LineCursor): boolean => {
  const { at, end, bytes } = cursor
  if (!cursor.isMarked || bytes[at] !== 0) return false
  const found = markPattern.exec(cursor.text(at, Math.min(end, at + markBytesMax)))
  if (found !== null) cursor.at += found[0].length
  return found !== null
}

/** By byte: 2 if a value with it needs quotes in CSV, 1 if the reader must stop at it, else 0. */
const meaning = new Uint8Array(256)
for (const code of [0, apostrophe]) meaning[code] = 1
for (const code of needingQuotes) meaning[code] = 2

const holdsMeaning = (word: number): boolean =>
  ((meaning[word & 255] ?? 0) |
    (meaning[(word >>> 8) & 255] ?? 0) |
    (meaning[(word >>> 16) & 255] ?? 0) |
    (meaning[word >>> 24] ?? 0)) !==
  0

/** Reads a value in single quotes; inner ones are doubled. */
const readText = (cursor: LineCursor, spans: TupleSpans): boolean => {
  const { bytes, view, end } = cursor
  if (bytes[cursor.at] !== apostrophe || cursor.at >= end) return cursor.fail("a quoted value")
  const start = cursor.at + 1
  const lastWord = end - 4
  let at = start
  let form = plainForm
  for (;;) {
    if ((form & quotedFlag) === 0) {
      while (at <= lastWord) {
        const word = view.getInt32(at, true)
        const small = smallBytes(word)
        if (small === 0 || !holdsMeaning(word)) at += 4
        else {
          at += firstOf(small)
          break
        }
      }
    } else {
      while (at <= lastWord) {
        const word = view.getInt32(at, true)
        const found = zeroBytes(word ^ four(apostrophe)) | zeroBytes(word)
        if (found === 0) at += 4
        else {
          at += firstOf(found)
          break
        }
      }
    }
    if (at >= end) return cursor.fail("a quoted value that is closed")
    const code = bytes[at++] ?? 0
    if (code === apostrophe) {
      if (at >= end || bytes[at] !== apostrophe) break
      form |= pairedFlag
      at++
    } else if (code === 0 && !cursor.isMarked) return cursor.fail("a value without zero bytes")
    else if (meaning[code] === 2) form |= quotedFlag
  }
  spans.add(at - 1 === start ? emptyForm : form, start, at - 1)
  cursor.at = at
  return true
}
