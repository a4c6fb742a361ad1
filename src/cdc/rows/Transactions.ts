/**
 * Keeps each transaction's lines until its COMMIT: only that line tells the position and the time that every row of the
 * transaction carries, and a transaction without it is not there.
 *
 * Memory stays bounded whatever a transaction's size: what is over the bound waits in the spool.
 */
import { Effect, Option, Result, Scope, Stream } from "effect"
import { fromBytes } from "../../core/bytes/Bytes.ts"
import * as Lsn from "../../core/Lsn.ts"
import { LinePart, type PeekedLine, type SlotLine } from "../../core/slot/SlotLine.ts"
import { linePacker, lineUnpacker } from "../../core/slot/SpooledLine.ts"
import { decodeSlotText } from "../../core/slot/TestDecoding.ts"
import type { StoreError } from "../../services/lake/StoreError.ts"
import { Refusal } from "../../services/Refusal.ts"
import { Spool, type SpoolFile } from "../../services/Spool.ts"
import { LongBytes, longBytesFile, type ReadLong } from "./LongBytes.ts"

export interface Transaction {
  /** 32 bits, as the slot prints it. */
  readonly xid: number
  /** End of the COMMIT record: orders transactions, and is what is confirmed. */
  readonly commit: Lsn.Lsn
  /** As PostgreSQL prints a timestamptz. */
  readonly committedAt: string
  /** Number of its BEGIN, which is not among the lines: `_seq` of a line is how far it stands after that. */
  readonly beginOrdinal: number
  /** The lines that fitted into memory: all of them, or none where `spooled` has them. */
  readonly held: ReadonlyArray<SlotLine>
  readonly spooled: Option.Option<Stream.Stream<ReadonlyArray<SlotLine>, StoreError>>
  /** Reads the values that are marks in its lines; none where no line holds marks. */
  readonly readLong: ReadLong | undefined
}

/** Text of one open transaction that is kept in memory. Most have a few rows; a line over it is held all the same. */
const heldBytesMax = 2 * 1024 * 1024

/** A line that is not what `test_decoding` prints. `why` is a byte string; it names the place, never a value. */
export const malformed = (lsn: Lsn.Lsn, why: string) =>
  new Refusal({
    reason: "MalformedLine",
    problem: `The slot's line at ${Lsn.print(lsn)} cannot be read: ${fromBytes(why)}`,
    risk: "To go on would be to guess at a row; nothing of this batch is confirmed, and the slot keeps it",
    remedy: "Report this line's beginning and the server's version to the makers of this program",
  })

/** The lines so far of the transaction whose COMMIT has not come. */
interface Open {
  lines: Array<SlotLine>
  heldBytes: number
  spooled: boolean
  /** None while no line is long. */
  long: LongBytes | undefined
}

const nothingOpen = (): Open => ({ lines: [], heldBytes: 0, spooled: false, long: undefined })

const letterC = 0x43
const letterM = 0x6d
const messageBegins = "message:"

const isMessage = ({ bytes, start }: SlotLine): boolean =>
  bytes[start] === letterM && bytes.toString("latin1", start, start + messageBegins.length) === messageBegins

const readCommit = (
  line: SlotLine,
): Result.Result<{ readonly xid: number; readonly at: string }, Refusal> => {
  const decoded = decodeSlotText(line.text)
  if (Result.isFailure(decoded)) return Result.fail(malformed(line.lsn, decoded.failure.message))
  const change = decoded.success
  return change._tag === "Commit" && change.xid !== null && change.at !== null
    ? Result.succeed({ xid: change.xid, at: change.at })
    : Result.fail(malformed(line.lsn, "a COMMIT with its transaction id and its time is expected"))
}

/** Whole transactions, in the order of their commits; what comes with one chunk of lines is given on together. */
export const wholeTransactions = <E>(
  lines: Stream.Stream<ReadonlyArray<PeekedLine>, E>,
): Stream.Stream<ReadonlyArray<Transaction>, E | StoreError | Refusal, Spool> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const scope = yield* Effect.scope
      const room = yield* Spool
      const file = Effect.cached(Scope.provide(room.open, scope))
      const spool = yield* file
      const longFile = longBytesFile(yield* file)
      const pack = linePacker()
      let open = nothingOpen()
      /**
       * Number of the last line that is in no open transaction. The next line after it that is no message is a BEGIN,
       * and those are not given: so the first line that is given of a transaction stands at least two further.
       */
      let outside = 0

      const absorb = Effect.fnUntraced(function* (chunk: ReadonlyArray<PeekedLine>) {
        const finished: Array<Transaction> = []
        /** Whether a transaction that this chunk finished still reads its long values. */
        let longInUse = false
        for (const peeked of chunk) {
          const line = peeked instanceof LinePart ? yield* addPart(open, peeked) : peeked
          if (line === undefined) continue
          const isNext = line.ordinal === outside + 1
          // Which kind of line it is, without making a text of it.
          if (isMessage(line)) {
            // No row: it only counts as a line. PostgreSQL 15 prints some outside of BEGIN and COMMIT.
            if (isNext) outside = line.ordinal
          } else if (isNext) {
            return yield* malformed(line.lsn, "BEGIN is expected before it")
          } else if (line.bytes[line.start] === letterC) {
            const commit = readCommit(line)
            if (Result.isFailure(commit)) return yield* commit.failure
            if (open.spooled) yield* spill(yield* spool, pack, open)
            const { long } = open
            if (long !== undefined) yield* longFile.write(long, longInUse)
            longInUse ||= long !== undefined
            finished.push({
              xid: commit.success.xid,
              commit: line.lsn,
              committedAt: commit.success.at,
              beginOrdinal: outside + 1,
              held: open.lines,
              spooled: open.spooled ? Option.some(replay(yield* spool)) : Option.none(),
              readLong: long && longFile.reading(long),
            })
            open = nothingOpen()
            outside = line.ordinal
          } else {
            open.lines.push(line)
            open.heldBytes += line.length
          }
        }
        // The spool still serves a transaction that this chunk finished: it is read before the next chunk is asked for.
        const inUse = finished.some(({ spooled }) => Option.isSome(spooled))
        if (open.heldBytes > heldBytesMax && !inUse) yield* spill(yield* spool, pack, open)
        if (open.long !== undefined && !longInUse) yield* longFile.write(open.long, longInUse)
        return finished
      })

      return lines.pipe(
        Stream.mapEffect(absorb),
        Stream.filter((finished) => finished.length > 0),
      )
    }),
  )

/** Returns the line where this is its last part. */
const addPart = (open: Open, part: LinePart): Effect.Effect<SlotLine | undefined, Refusal> => {
  open.long ??= new LongBytes()
  return Effect.mapError(Effect.fromResult(open.long.add(part)), (why) => malformed(part.lsn, why))
}

/** The spool serves one large transaction after the other: the one before was read when this one began to grow. */
const spill = Effect.fnUntraced(function* (
  spool: SpoolFile,
  pack: ReturnType<typeof linePacker>,
  open: Open,
) {
  if (!open.spooled) yield* spool.clear
  yield* Effect.forEach(pack(open.lines), spool.append, { discard: true })
  open.lines = []
  open.heldBytes = 0
  open.spooled = true
})

const replay = (spool: SpoolFile): Stream.Stream<ReadonlyArray<SlotLine>, StoreError> =>
  Stream.suspend(() => {
    const unpack = lineUnpacker()
    return Stream.map(spool.replay, unpack)
  })
