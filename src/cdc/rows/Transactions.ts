/**
 * Keeps each transaction's lines until its COMMIT: only that line tells the position and the time that every row of the
 * transaction carries, and a transaction without it is not there.
 *
 * Memory stays bounded whatever a transaction's size: what is over the bound waits in the spool.
 */
import { Effect, Option, Result, Scope, Stream } from "effect"
import { fromBytes } from "../../core/bytes/Bytes.ts"
import * as Lsn from "../../core/Lsn.ts"
import { printMalformed } from "../../core/slot/MalformedText.ts"
import { LinePart, type PeekedLine, type SlotLine } from "../../core/slot/SlotLine.ts"
import { readControlLine } from "../../core/slot/text/ControlLine.ts"
import type { StoreError } from "../../services/lake/StoreError.ts"
import { Refusal } from "../../services/Refusal.ts"
import { Spool } from "../../services/Spool.ts"
import { LongBytes, longBytesFile, type ReadLong } from "./LongBytes.ts"
import { type ReadLines, spilledLines } from "./SpilledLines.ts"

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
  isSpilled: boolean
  /** None while no line is long. */
  long: LongBytes | undefined
}

const nothingOpen = (): Open => ({ lines: [], heldBytes: 0, isSpilled: false, long: undefined })

const letterC = 0x43
const letterM = 0x6d
const messageBegins = "message:"

const isMessage = ({ bytes, start }: SlotLine): boolean =>
  bytes[start] === letterM && bytes.toString("latin1", start, start + messageBegins.length) === messageBegins

const readCommit = (
  line: SlotLine,
): Result.Result<{ readonly xid: number; readonly at: string }, Refusal> => {
  const decoded = readControlLine(line.text)
  if (Result.isFailure(decoded)) return Result.fail(malformed(line.lsn, printMalformed(decoded.failure)))
  const change = decoded.success
  return change._tag === "Commit" && change.xid !== null && change.at !== null
    ? Result.succeed({ xid: change.xid, at: change.at })
    : Result.fail(malformed(line.lsn, "a COMMIT with its transaction id and its time is expected"))
}

/**
 * Runs `use` for whole transactions, in the order of their commits; for those that end in one chunk of lines together.
 * Their lines can be read until `use` is done. Only then the next chunk is asked for, and takes the place of what they
 * left in temporary files: to read them later is a defect, and ends as one.
 */
export const forEachTransaction =
  <E2, R2>(use: (transactions: ReadonlyArray<Transaction>) => Effect.Effect<void, E2, R2>) =>
  <E, R>(
    lines: Stream.Stream<ReadonlyArray<PeekedLine>, E, R>,
  ): Effect.Effect<void, E | E2 | StoreError | Refusal, Spool | R | R2> =>
    Effect.scopedWith(
      Effect.fnUntraced(function* (scope) {
        const spool = yield* Spool
        const file = Effect.cached(Scope.provide(spool.open, scope))
        const spill = spilledLines(yield* file)
        const longFile = longBytesFile(yield* file)
        let open = nothingOpen()
        /**
         * Number of the last line that is in no open transaction. The next line after it that is no message is a BEGIN,
         * and those are not given: so the first line that is given of a transaction stands at least two further.
         */
        let outside = 0
        let turn = { isOver: false }

        const spillOpen = Effect.fnUntraced(function* () {
          yield* spill.append(open.lines, !open.isSpilled)
          open.lines = []
          open.heldBytes = 0
          open.isSpilled = true
        })

        const absorb = Effect.fnUntraced(function* (chunk: ReadonlyArray<PeekedLine>) {
          // What the chunk before finished is written: its room in the files is free.
          turn.isOver = true
          turn = { isOver: false }
          if (open.heldBytes > heldBytesMax) yield* spillOpen()
          if (open.long !== undefined) yield* longFile.write(open.long, false)
          const finished: Array<Transaction> = []
          const inTurn = during(turn)
          /** Whether a transaction that this chunk finished reads its long values. */
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
              if (open.isSpilled) yield* spillOpen()
              const { long } = open
              if (long !== undefined) yield* longFile.write(long, longInUse)
              longInUse ||= long !== undefined
              finished.push({
                xid: commit.success.xid,
                commit: line.lsn,
                committedAt: commit.success.at,
                beginOrdinal: outside + 1,
                held: open.lines,
                spilled: open.isSpilled ? Option.some((use) => inTurn(spill.read(use))) : Option.none(),
                readLong: long && ((room, offset) => inTurn(longFile.read(long, room, offset))),
              })
              open = nothingOpen()
              outside = line.ordinal
            } else {
              open.lines.push(line)
              open.heldBytes += line.length
            }
          }
          return finished
        })

        // Two steps and not one effect for each chunk: measured, that one kept a third more memory.
        yield* lines.pipe(
          Stream.mapEffect(absorb),
          Stream.filter((finished) => finished.length > 0),
          Stream.runForEach(use),
        )
        turn.isOver = true
      }),
    )

/** Effects that read what a transaction left in temporary files, while its turn lasts. */
const during =
  (turn: { readonly isOver: boolean }) =>
  <A, E, R>(read: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() =>
      turn.isOver ? Effect.die(new Error("A transaction's lines are read after its turn")) : read,
    )

/** Returns the line where this is its last part. */
const addPart = (open: Open, part: LinePart): Effect.Effect<SlotLine | undefined, Refusal> => {
  open.long ??= new LongBytes()
  return Effect.mapError(Effect.fromResult(open.long.add(part)), (why) => malformed(part.lsn, why))
}
