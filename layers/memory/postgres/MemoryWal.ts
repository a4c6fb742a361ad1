/**
 * The WAL of the PostgreSQL in memory, as far as `test_decoding` prints it, and the read of a slot.
 * Source of the rules: src/backend/replication/logical/logicalfuncs.c, `pg_logical_slot_get_changes_guts`.
 */
import { Schema } from "effect"
import * as Lsn from "../../../src/core/Lsn.ts"
import type { Change } from "../../../src/core/slot/Change.ts"
import { SlotLine } from "../../../src/core/slot/SlotLine.ts"
import { SlotText } from "../../../src/core/slot/TestDecoding.ts"
import { sameTable, type TableName } from "../../../src/core/source/SourceTable.ts"
import type { ReadRequest } from "../../../src/services/source/ChangeSource.ts"
import { matching } from "./MemoryCatalog.ts"

/** A line without its number, which a peek assigns. */
export interface LoggedLine {
  readonly lsn: Lsn.Lsn
  readonly text: string
  /** Undefined for lines that a filter by table always keeps. */
  readonly tables: ReadonlyArray<TableName> | undefined
}

/** A record with output of the slot: a COMMIT returns its whole transaction, a message itself. */
interface ReturnedRecord {
  readonly start: Lsn.Lsn
  readonly end: Lsn.Lsn
  readonly lines: ReadonlyArray<LoggedLine>
}

/** Returns true if a relation has had the name since before that transaction. */
export type IsKnown = (name: TableName, since: bigint) => boolean

/** After every transaction id. */
const everyXid = 2n ** 64n

/** About the size of a record without its row, in bytes. */
const recordBytes = 56
const commitBytes = 48

const after = (lsn: Lsn.Lsn, bytes: number): Lsn.Lsn => Lsn.Lsn.make((lsn + BigInt(bytes) + 7n) & ~7n)

const print = Schema.encodeSync(SlotText)

export const lineOf = (lsn: Lsn.Lsn, change: Change, tables?: ReadonlyArray<TableName>): LoggedLine => ({
  lsn,
  text: print(change),
  tables,
})

export class MemoryWal {
  /** Begin of the next record. The WAL of a new cluster begins in its second segment. */
  #end = Lsn.Lsn.make(0x16b_3748n)
  #flushed = this.#end
  readonly #records: Array<ReturnedRecord> = []

  get end(): Lsn.Lsn {
    return this.#end
  }

  /** The WAL is on disk up to here. Less than `end` only until an asynchronous commit is flushed. */
  get flushed(): Lsn.Lsn {
    return this.#flushed
  }

  flush(): void {
    this.#flushed = this.#end
  }

  /** Writes a record without output of its own. Returns its begin. */
  write(bytes: number): Lsn.Lsn {
    const start = this.#end
    this.#end = after(start, recordBytes + bytes)
    return start
  }

  /** Writes a COMMIT with the lines of its transaction. Returns the end of its record. */
  commit(xid: number, at: string, lines: ReadonlyArray<LoggedLine>): Lsn.Lsn {
    const start = this.#end
    this.#end = after(start, commitBytes)
    this.#records.push({ start, end: this.#end, lines: framed(xid, at, lines, this.#end) })
    return this.#end
  }

  /** Writes a message outside of transactions: the slot returns it at once. */
  message(change: Change, bytes: number): void {
    const start = this.write(bytes)
    this.#records.push({ start, end: this.#end, lines: [lineOf(start, change)] })
  }

  /**
   * Returns the lines of a slot after `confirmed`. Reads records until one ends at or after `upTo`, or until `maxLines` lines
   * are returned. The record that reaches a bound is returned whole, also if `upTo` is inside of it. Lines are numbered before
   * any is left out.
   */
  read(
    confirmed: Lsn.Lsn,
    { upTo, maxLines, tables, unknownSince, gonePatterns = [] }: ReadRequest,
    isKnown: IsKnown = () => false,
  ): ReadonlyArray<SlotLine> {
    const isMatch = matching(gonePatterns)
    const isGone = (one: TableName) => isMatch(one) && !isKnown(one, everyXid)
    const concerns = (one: TableName) =>
      tables.some((other) => sameTable(one, other)) ||
      (unknownSince !== undefined && !isKnown(one, unknownSince)) ||
      isGone(one)
    const wanted: Array<SlotLine> = []
    let ordinal = 0
    for (const { start, end, lines } of this.#records) {
      if (start < confirmed) continue
      if (start >= upTo || end > this.#flushed || ordinal >= maxLines) break
      for (const line of lines) {
        ordinal++
        if (line.tables?.some(concerns) ?? true) wanted.push(SlotLine.of(line.lsn, ordinal, line.text))
      }
    }
    return wanted
  }
}

/**
 * With `skip-empty-xacts`, BEGIN is printed before the first row, so that an earlier message is outside of it, and a
 * transaction with only messages has neither BEGIN nor COMMIT. Source: test_decoding.c of PostgreSQL 15.
 */
const framed = (
  xid: number,
  at: string,
  lines: ReadonlyArray<LoggedLine>,
  end: Lsn.Lsn,
): ReadonlyArray<LoggedLine> => {
  const firstRow = lines.findIndex((line) => !line.text.startsWith("message:"))
  const first = lines[firstRow]
  if (first === undefined) return lines
  return [
    ...lines.slice(0, firstRow),
    lineOf(first.lsn, { _tag: "Begin", xid }),
    ...lines.slice(firstRow),
    lineOf(end, { _tag: "Commit", xid, at }),
  ]
}
