/**
 * Reads the lines of a slot that report no row: BEGIN, COMMIT and messages. They are short, or rare.
 *
 * Source: contrib/test_decoding/test_decoding.c, versions 15 to 18, function `pg_decode_message` and the like. Streamed
 * and two-phase lines are refused: we do not ask for them.
 */
import { Result } from "effect"
import type { Change } from "../Change.ts"
import type { MalformedText } from "../MalformedText.ts"
import { TextCursor } from "./TextCursor.ts"

/** Reads one such line. Never throws; takes time in proportion to the line's length. */
export const readControlLine = (text: string): Result.Result<Change, MalformedText> => {
  const line = new TextCursor(text)
  const change = readChange(line)
  if (change !== undefined && line.atEnd) return Result.succeed(change)
  const expected = change === undefined ? line.expected : "the end of the line"
  return Result.fail({ _tag: "MalformedText", offset: line.at, expected, within: "" })
}

const readChange = (line: TextCursor): Change | undefined => {
  if (line.skip("BEGIN")) return readBegin(line)
  if (line.skip("COMMIT")) return readCommit(line)
  if (line.skip("message: transactional: ")) return readMessage(line)
  return line.fail(anyLine)
}

/** The words with which a line can begin. */
export const anyLine = "table, BEGIN, COMMIT or message"

const largestXid = 0xffff_ffff

const readBegin = (line: TextCursor): Change | undefined => {
  const xid = line.skip(" ") ? line.unsigned(largestXid, "a transaction id") : null
  return xid === undefined ? undefined : { _tag: "Begin", xid }
}

/** `timestamptz_to_str` prints ISO, independent of DateStyle. */
const printedTime = /^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d){0,2}( BC)?$/

const readCommit = (line: TextCursor): Change | undefined => {
  let xid: number | null | undefined = null
  if (!line.text.startsWith(" (at ", line.at) && line.skip(" ")) {
    xid = line.unsigned(largestXid, "a transaction id")
    if (xid === undefined) return undefined
  }
  if (!line.skip(" (at ")) return { _tag: "Commit", xid, at: null }
  const at = line.text.slice(line.at, -1)
  if (!line.text.endsWith(")") || !printedTime.test(at)) return line.fail("a time and )")
  line.at = line.text.length
  return { _tag: "Commit", xid, at }
}

/** PostgreSQL's limit for one value, MaxAllocSize. */
const largestMessage = 0x3fff_ffff

/**
 * The prefix can contain anything, also text like a size. The right size is the one that matches the end of the line. If none
 * does, the content was cut at a zero byte (or counts fewer characters than bytes), and the first larger size is right.
 */
const readMessage = (line: TextCursor): Change | undefined => {
  const { text } = line
  const transactional = line.skip("1")
  if (!transactional && !line.skip("0")) return line.fail("0 or 1")
  if (!line.skip(" prefix: ")) return line.fail("prefix:")
  const start = line.at
  let message: Change | undefined
  for (let mark = text.indexOf(", sz: ", start); mark !== -1; mark = text.indexOf(", sz: ", mark + 1)) {
    line.at = mark + 6
    const size = line.unsigned(largestMessage, "the size")
    if (size === undefined || !line.skip(" content:")) continue
    const length = text.length - line.at
    if (size < length || (size > length && message !== undefined)) continue
    message = {
      _tag: "Message",
      transactional,
      prefix: text.slice(start, mark),
      size,
      content: text.slice(line.at),
    }
    if (size === length) break
  }
  line.at = message === undefined ? start : text.length
  return message ?? line.fail("a prefix, the size and the content")
}
