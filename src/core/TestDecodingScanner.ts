/**
 * Reads one line printed by PostgreSQL's `test_decoding` plugin, versions 15 to 18.
 *
 * Source: contrib/test_decoding/test_decoding.c, functions `tuple_to_stringinfo`, `print_literal`, `pg_decode_truncate`
 * and `pg_decode_message`. A value may hold anything, `x[type]:'y'` and newlines included, and so may a quoted name:
 * only reading from left to right is safe. All delimiters are ASCII, so byte strings and ordinary text read alike.
 *
 * Not supported, and refused: streamed and two-phase lines (we do not ask for them), and an INSERT or UPDATE without a
 * new tuple (the server has not logged the row, and a row cannot be guessed).
 */
import { Result } from "effect"
import type { Cell, Change, Tuple } from "./Change.ts"
import { type Column, KnownTables } from "./KnownTables.ts"
import { endOfBits, endOfNumber, literalOf } from "./PrintedLiteral.ts"
import { endOfName, readName } from "./PrintedName.ts"

/** Where a line is not what the server prints. It holds names at most, never a value: it may be logged. */
export interface MalformedText {
  readonly _tag: "MalformedText"
  /** In characters of the line, from 0. */
  readonly offset: number
  /** What should have stood there. */
  readonly expected: string
  /** The beginning of the line up to its first value, e.g. `table public.t: INSERT:`; empty for other lines. */
  readonly within: string
}

const space = 0x20
const apostrophe = 0x27
const comma = 0x2c
const dot = 0x2e
const colon = 0x3a

const largestXid = 0xffff_ffff
const printedTime = /^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d){0,2}( BC)?$/

const knownTables = new KnownTables()

/** A cursor over one line. Each reader answers undefined where it fails, with `at` and `expected` telling why. */
class Scanner {
  readonly text: string
  at = 0
  expected = ""
  within = ""

  constructor(text: string) {
    this.text = text
  }

  fail(expected: string): undefined {
    this.expected = expected
    return undefined
  }

  /** Steps over `word` where it stands here. */
  skip(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false
    this.at += word.length
    return true
  }

  change(): Change | undefined {
    if (this.skip("table ")) return this.tableChange()
    if (this.skip("BEGIN")) return this.begin()
    if (this.skip("COMMIT")) return this.commit()
    if (this.skip("message: transactional: ")) return this.message()
    return this.fail("table, BEGIN, COMMIT or message")
  }

  // … transactions
  begin(): Change | undefined {
    const xid = this.xid()
    if (xid === undefined) return undefined
    return this.at === this.text.length ? { _tag: "Begin", xid } : this.fail("the end of the line")
  }

  commit(): Change | undefined {
    const xid = this.xid()
    if (xid === undefined) return undefined
    if (this.at === this.text.length) return { _tag: "Commit", xid, at: null }
    if (!this.skip(" (at ")) return this.fail("(at and a time)")
    const at = this.text.slice(this.at, -1)
    if (!this.text.endsWith(")") || !printedTime.test(at)) return this.fail("a time and a bracket")
    return { _tag: "Commit", xid, at }
  }

  /** ` 733`; null where the line tells none. */
  xid(): number | null | undefined {
    const first = this.text.charCodeAt(this.at + 1)
    if (this.text.charCodeAt(this.at) !== space || first === 0x28) return null
    this.at++
    return this.unsigned(largestXid, "a transaction id")
  }

  unsigned(largest: number, expected: string): number | undefined {
    let end = this.at
    let value = 0
    for (
      let code = this.text.charCodeAt(end);
      code >= 0x30 && code <= 0x39;
      code = this.text.charCodeAt(++end)
    ) {
      value = value * 10 + code - 0x30
      if (value > largest) return this.fail(expected)
    }
    const leadingZero = this.text.charCodeAt(this.at) === 0x30 && end > this.at + 1
    if (end === this.at || leadingZero) return this.fail(expected)
    this.at = end
    return value
  }

  message(): Change | undefined {
    return undefined
  }

  tableChange(): Change | undefined {
    const known = knownTables.find(this.text, this.at)
    return undefined
  }
}
