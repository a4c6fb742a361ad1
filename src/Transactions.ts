/**
 * Keeps each transaction's lines until its COMMIT: only that line tells the position and the time that every row of the
 * transaction carries, and a transaction without it is not there.
 *
 * Memory stays bounded whatever a transaction's size: what is over the bound waits in the spool.
 */
import { Effect, Option, Result, Scope, Stream } from "effect"
import type { Change } from "./core/Change.ts"
import * as Lsn from "./core/Lsn.ts"
import type { SlotLine } from "./core/SlotLine.ts"
import { lineUnpacker, packLines } from "./core/SpooledLine.ts"
import { decodeSlotText } from "./core/TestDecoding.ts"
import { Refusal } from "./services/Refusal.ts"
import { Spool, type SpoolFile } from "./services/Spool.ts"
import type { StoreError } from "./services/StoreError.ts"

export interface Transaction {
  /** 32 bits, as the slot prints it. */
  readonly xid: number
  /** End of the COMMIT record: orders transactions, and is what is confirmed. */
  readonly commit: Lsn.Lsn
  /** As PostgreSQL prints a timestamptz. */
  readonly committedAt: string
  /** Number of its BEGIN: `_seq` of a line is how far it stands after that. */
  readonly beginOrdinal: number
  /** The lines that fitted into memory: all of them, or none where `spooled` has them. */
  readonly held: ReadonlyArray<SlotLine>
  readonly spooled: Option.Option<Stream.Stream<ReadonlyArray<SlotLine>, StoreError>>
}

/** Text of one open transaction that is kept in memory. Most have a few rows; a line over it is held all the same. */
const heldBytesMax = 2 * 1024 * 1024

/** A line that is not what `test_decoding` prints. Names the place, never a value. */
export const malformed = (lsn: Lsn.Lsn, why: string) =>
  new Refusal({
    reason: "MalformedLine",
    found: `The slot's line at ${Lsn.print(lsn)} cannot be read: ${why}`,
    stake: "To go on would be to guess at a row; nothing of this batch is confirmed, and the slot keeps it",
    mend: "Report this line's beginning and the server's version to the makers of this program",
  })

interface Open {
  readonly xid: number
  readonly beginOrdinal: number
  lines: Array<SlotLine>
  heldBytes: number
  spooled: boolean
}

type Part = Result.Result<Change, Refusal>

const decode = (line: SlotLine): Part =>
  Result.mapError(decodeSlotText(line.text), (why) => malformed(line.lsn, why.message))

const letterB = 0x42
const letterC = 0x43
const letterM = 0x6d

/** Whole transactions, in the order of their commits; what comes with one chunk of lines is given on together. */
export const wholeTransactions = <E>(
  lines: Stream.Stream<ReadonlyArray<SlotLine>, E>,
): Stream.Stream<ReadonlyArray<Transaction>, E | StoreError | Refusal, Spool> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const scope = yield* Effect.scope
      const room = yield* Spool
      const spool = yield* Effect.cached(Scope.provide(room.open, scope))
      let open: Open | undefined

      const absorb = Effect.fnUntraced(function* (chunk: ReadonlyArray<SlotLine>) {
        const finished: Array<Transaction> = []
        for (const line of chunk) {
          // Which kind of line it is, without making a text of it.
          const letter = line.bytes[line.start]
          if (letter === letterB) {
            const decoded = decode(line)
            if (Result.isFailure(decoded)) return yield* decoded.failure
            const begin = decoded.success
            if (begin._tag !== "Begin" || begin.xid === null || open !== undefined) {
              return yield* malformed(line.lsn, "one BEGIN with its transaction id is expected")
            }
            open = { xid: begin.xid, beginOrdinal: line.ordinal, lines: [], heldBytes: 0, spooled: false }
          } else if (letter === letterC) {
            const decoded = decode(line)
            if (Result.isFailure(decoded)) return yield* decoded.failure
            const commit = decoded.success
            if (commit._tag !== "Commit" || commit.xid !== open?.xid || commit.at === null) {
              return yield* malformed(
                line.lsn,
                "the COMMIT of the open transaction, with its time is expected",
              )
            }
            if (open.spooled) yield* spill(yield* spool, open)
            finished.push({
              xid: open.xid,
              commit: line.lsn,
              committedAt: commit.at,
              beginOrdinal: open.beginOrdinal,
              held: open.lines,
              spooled: open.spooled ? Option.some(replay(yield* spool)) : Option.none(),
            })
            open = undefined
          } else if (letter === letterM && line.text.startsWith("message:")) {
            // No row, and PostgreSQL 15 prints some outside of BEGIN and COMMIT: it only counts as a line.
          } else if (open !== undefined) {
            open.lines.push(line)
            open.heldBytes += line.length
          } else {
            return yield* malformed(line.lsn, "BEGIN is expected")
          }
        }
        // The spool still serves a transaction that this chunk finished: it is read before the next chunk is asked for.
        const inUse = finished.some(({ spooled }) => Option.isSome(spooled))
        if (open !== undefined && open.heldBytes > heldBytesMax && !inUse) yield* spill(yield* spool, open)
        return finished
      })

      return lines.pipe(
        Stream.mapEffect(absorb),
        Stream.filter((finished) => finished.length > 0),
      )
    }),
  )

/** The spool serves one large transaction after the other: the one before was read when this one began to grow. */
const spill = Effect.fnUntraced(function* (spool: SpoolFile, open: Open) {
  if (!open.spooled) yield* spool.clear
  yield* Effect.forEach(packLines(open.lines), spool.append, { discard: true })
  open.lines = []
  open.heldBytes = 0
  open.spooled = true
})

const replay = (spool: SpoolFile): Stream.Stream<ReadonlyArray<SlotLine>, StoreError> =>
  Stream.suspend(() => {
    const unpack = lineUnpacker()
    return Stream.map(spool.replay, unpack)
  })
