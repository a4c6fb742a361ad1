/**
 * Reads one line printed by PostgreSQL's `test_decoding` plugin, versions 15 to 18.
 *
 * Source: contrib/test_decoding/test_decoding.c, functions `pg_decode_change`, `pg_decode_truncate`, `pg_decode_message`.
 * A value may hold anything, `x[type]:'y'` and newlines included, and so may a quoted name: only reading from left to
 * right is safe. All delimiters are ASCII, so byte strings and ordinary text read alike.
 *
 * Not supported, and refused: streamed and two-phase lines (we do not ask for them), and an INSERT or UPDATE without
 * its new tuple (the server has not logged the row, and a row cannot be guessed).
 */
import { Result } from "effect"
import type { Change, Table } from "../Change.ts"
import { type KnownTable, KnownTables } from "../KnownTables.ts"
import { endOfName, readName } from "./PrintedName.ts"
import { TextCursor } from "./TextCursor.ts"
import { readOldTuple, readRow } from "./TupleScanner.ts"

/** Where a line is not what the server prints. It holds names at most, never a value: it may be logged. */
export interface MalformedText {
  readonly _tag: "MalformedText"
  /** In characters of the line, from 0. */
  readonly offset: number
  /** What should have stood there. */
  readonly expected: string
  /** The line as far as it holds no value, e.g. `table public.t: INSERT:`; empty where that is not known. */
  readonly within: string
}

/** Reads one line. Never throws; takes time in proportion to the line's length. */
export const decodeChange = (text: string): Result.Result<Change, MalformedText> => {
  const line = new LineCursor(text)
  const change = readChange(line)
  if (change !== undefined && line.atEnd) return Result.succeed(change)
  return Result.fail({
    _tag: "MalformedText",
    offset: line.at,
    expected: change === undefined ? line.expected : "the end of the line",
    within: text.slice(0, line.namesEnd),
  })
}

class LineCursor extends TextCursor {
  /** Up to here the line holds names and key words only. */
  namesEnd = 0
}

const readChange = (line: LineCursor): Change | undefined => {
  if (line.skip("table ")) return readTableChange(line)
  if (line.skip("BEGIN")) return readBegin(line)
  if (line.skip("COMMIT")) return readCommit(line)
  if (line.skip("message: transactional: ")) return readMessage(line)
  return line.fail("table, BEGIN, COMMIT or message")
}

const largestXid = 0xffff_ffff

const readBegin = (line: LineCursor): Change | undefined => {
  const xid = line.skip(" ") ? line.unsigned(largestXid, "a transaction id") : null
  return xid === undefined ? undefined : { _tag: "Begin", xid }
}

/** `timestamptz_to_str` prints ISO whatever the DateStyle. */
const printedTime = /^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d){0,2}( BC)?$/

const readCommit = (line: LineCursor): Change | undefined => {
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
 * The prefix may hold anything, also what looks like a size, so the size is the one that fits the end of the line. Where none
 * does, the content was cut at a zero byte (or counts fewer characters than bytes), and the first larger one is it.
 */
const readMessage = (line: LineCursor): Change | undefined => {
  const { text } = line
  const transactional = line.skip("1")
  if (!transactional && !line.skip("0")) return line.fail("0 or 1")
  if (!line.skip(" prefix: ")) return line.fail("prefix:")
  const start = line.at
  let found: Change | undefined
  for (let mark = text.indexOf(", sz: ", start); mark !== -1; mark = text.indexOf(", sz: ", mark + 1)) {
    line.at = mark + 6
    const size = line.unsigned(largestMessage, "the size")
    if (size === undefined || !line.skip(" content:")) continue
    const length = text.length - line.at
    if (size < length || (size > length && found !== undefined)) continue
    found = {
      _tag: "Message",
      transactional,
      prefix: text.slice(start, mark),
      size,
      content: text.slice(line.at),
    }
    if (size === length) break
  }
  line.at = found === undefined ? start : text.length
  return found ?? line.fail("a prefix, the size and the content")
}

const knownTables = new KnownTables()

const readTableChange = (line: LineCursor): Change | undefined => {
  const latest = knownTables.latest
  if (latest !== undefined && line.skip(latest.printed)) return readTableEvent(line, latest)
  const start = line.at
  const tables = readTables(line)
  if (tables === undefined) return undefined
  const [table] = tables
  return table !== undefined && tables.length === 1
    ? readTableEvent(line, knownTables.recall(line.text.slice(start, line.at), table))
    : readTruncate(line, tables)
}

/** `public.a, public.b:`, the colon included. The server's code can print no table at all, so none is no fault. */
const readTables = (line: LineCursor): ReadonlyArray<Table> | undefined => {
  const { text } = line
  const tables: Array<Table> = []
  if (line.skip(":")) return tables
  while (true) {
    const { at } = line
    const dot = endOfName(text, at)
    if (dot === -1 || text.charCodeAt(dot) !== 0x2e) return line.fail("a schema and a dot")
    line.at = dot + 1
    const end = endOfName(text, line.at)
    if (end === -1) return line.fail("a table")
    tables.push({ schema: readName(text, at, dot), name: readName(text, dot + 1, end) })
    line.at = end
    if (line.skip(":")) return tables
    if (!line.skip(", ")) return line.fail("a colon or another table")
  }
}

const readTableEvent = (line: LineCursor, known: KnownTable): Change | undefined => {
  const { table } = known
  if (line.skip(" INSERT:")) {
    line.namesEnd = line.at
    const row = readRow(line, known)
    return row && { _tag: "Insert", table, row }
  }
  if (line.skip(" UPDATE:")) {
    line.namesEnd = line.at
    const before = line.skip(" old-key:") ? readOldTuple(line, known) : null
    if (before === undefined) return undefined
    if (before !== null && !line.skip(" new-tuple:")) return line.fail("new-tuple:")
    const row = readRow(line, known)
    return row && { _tag: "Update", table, before, row }
  }
  if (line.skip(" DELETE:")) {
    line.namesEnd = line.at
    const before = line.skip(" (no-tuple-data)") ? null : readOldTuple(line, known)
    return before === undefined ? undefined : { _tag: "Delete", table, before }
  }
  return readTruncate(line, [table])
}

const readTruncate = (line: LineCursor, tables: ReadonlyArray<Table>): Change | undefined => {
  line.namesEnd = line.at
  if (!line.skip(" TRUNCATE:")) {
    return line.fail(tables.length === 1 ? "INSERT:, UPDATE:, DELETE: or TRUNCATE:" : "TRUNCATE:")
  }
  if (line.skip(" (no-flags)")) return { _tag: "Truncate", tables, restartSequences: false, cascade: false }
  const restartSequences = line.skip(" restart_seqs")
  const cascade = line.skip(" cascade")
  return restartSequences || cascade
    ? { _tag: "Truncate", tables, restartSequences, cascade }
    : line.fail("restart_seqs, cascade or (no-flags)")
}
