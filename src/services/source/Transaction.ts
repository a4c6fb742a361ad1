/** One committed transaction of the source, as a sink of `ChangeSource` gets it. */
import { Effect, Option } from "effect"
import { fromBytes } from "../../core/bytes/Bytes.ts"
import * as Lsn from "../../core/Lsn.ts"
import type { SlotLine } from "../../core/slot/SlotLine.ts"
import type { StoreError } from "../lake/StoreError.ts"
import { Refusal } from "../Refusal.ts"

/**
 * Runs `use` for some lines after the other, as long as it returns true. The lines hold until `use` is done: the room that
 * they lie in takes the next ones.
 */
export type ReadLines = <E, R>(
  use: (lines: ReadonlyArray<SlotLine>) => Effect.Effect<boolean, E, R>,
) => Effect.Effect<void, E | StoreError, R>

/**
 * Fills the room with the bytes from `offset` on, as far as there are any, and returns how many it read: at least one.
 * Offsets are those of the marks.
 */
export type ReadLong = (room: Uint8Array, offset: number) => Effect.Effect<number, StoreError>

export interface Transaction {
  /** 32 bits, as the slot prints it. */
  readonly xid: number
  /** End of the COMMIT record: orders transactions, and is what is confirmed. */
  readonly commit: Lsn.Lsn
  /** As PostgreSQL prints a timestamptz. */
  readonly committedAt: string
  /** Number of its BEGIN, which is not among the lines: `_seq` of a line is how far it stands after that. */
  readonly beginOrdinal: number
  /** The lines that fitted into memory: all of them, or none where `spilled` reads them. */
  readonly held: ReadonlyArray<SlotLine>
  readonly spilled: Option.Option<ReadLines>
  /** Reads the values that are marks in its lines; none where no line holds marks. */
  readonly readLong: ReadLong | undefined
}

/** Runs `use` for the transaction's lines, wherever they are, as long as it returns true. */
export const readLines = <E, R>(
  { held, spilled }: Transaction,
  use: (lines: ReadonlyArray<SlotLine>) => Effect.Effect<boolean, E, R>,
): Effect.Effect<void, E | StoreError, R> =>
  Option.isSome(spilled) ? spilled.value(use) : Effect.asVoid(use(held))

/** A line that is not what `test_decoding` prints. `why` is a byte string; it names the place, never a value. */
export const malformedLine = (lsn: Lsn.Lsn, why: string) =>
  new Refusal({
    reason: "MalformedLine",
    problem: `The slot's line at ${Lsn.print(lsn)} cannot be read: ${fromBytes(why)}`,
    risk: "To go on would be to guess at a row; nothing of this batch is confirmed, and the slot keeps it",
    remedy: "Report this line's beginning and the server's version to the makers of this program",
  })
