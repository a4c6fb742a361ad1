/** One committed transaction of the source, as a sink of `ChangeSource` receives it. */
import { Effect, Option } from "effect"
import { fromBytes } from "../../core/bytes/Bytes.ts"
import * as Lsn from "../../core/Lsn.ts"
import type { SlotLine } from "../../core/slot/SlotLine.ts"
import type { StoreError } from "../lake/StoreError.ts"
import { Refusal } from "../Refusal.ts"

/**
 * Runs `use` for one group of lines after the other, as long as it returns true. The lines are valid until `use` is done: the
 * next ones reuse their buffer.
 */
export type ReadLines = <E, R>(
  use: (lines: ReadonlyArray<SlotLine>) => Effect.Effect<boolean, E, R>,
) => Effect.Effect<void, E | StoreError, R>

/**
 * Fills the buffer with the bytes from `offset` on, as far as there are any. Returns how many bytes it read, at least one.
 * Offsets are those of the marks.
 */
export type ReadLong = (buffer: Uint8Array, offset: number) => Effect.Effect<number, StoreError>

export interface Transaction {
  /** 32 bits, as the slot prints it. */
  readonly xid: number
  /** End of the COMMIT record: orders transactions, and is the LSN to confirm. */
  readonly commit: Lsn.Lsn
  /** As PostgreSQL prints a timestamptz. */
  readonly committedAt: string
  /** Number of its BEGIN, which is not among the lines: `_seq` of a line is its distance from it. */
  readonly beginOrdinal: number
  /** The lines in memory: all of them, or none if `spilled` reads them. */
  readonly held: ReadonlyArray<SlotLine>
  readonly spilled: Option.Option<ReadLines>
  /** Reads the values that marks in its lines stand for; undefined if no line has marks. */
  readonly readLong: ReadLong | undefined
}

/** Runs `use` for the transaction's lines, wherever they are, as long as it returns true. */
export const readLines = <E, R>(
  { held, spilled }: Transaction,
  use: (lines: ReadonlyArray<SlotLine>) => Effect.Effect<boolean, E, R>,
): Effect.Effect<void, E | StoreError, R> =>
  Option.isSome(spilled) ? spilled.value(use) : Effect.asVoid(use(held))

/** A line that `test_decoding` does not print. `why` is a byte string; it names the position, never a value. */
export const malformedLine = (lsn: Lsn.Lsn, why: string) =>
  new Refusal({
    reason: "MalformedLine",
    problem: `The slot's line at ${Lsn.print(lsn)} cannot be read: ${fromBytes(why)}`,
    risk: "To go on would be to guess at a row; nothing of this batch is confirmed, and the slot keeps it",
    remedy: "Report this line's beginning and the server's version to the makers of this program",
  })
