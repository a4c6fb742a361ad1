/**
 * Assembles whole transactions from the lines of a slot, for every transport. Holds each transaction's lines until its COMMIT:
 * only that line has the position and the time that every row of the transaction gets, and a transaction without it does not
 * exist.
 *
 * Memory stays bounded whatever a transaction's size: lines over the bound spill.
 */
import { Effect, Option, Result, Scope, Sink, Stream } from "effect"
import { printMalformed } from "../../src/core/slot/MalformedText.ts"
import { LinePart, type PeekedLine, type SlotLine } from "../../src/core/slot/SlotLine.ts"
import { readControlLine } from "../../src/core/slot/text/ControlLine.ts"
import type { Refusal } from "../../src/services/Refusal.ts"
import type { Spool } from "../../src/services/Spool.ts"
import type { ReadRequest, ReadTransactions } from "../../src/services/source/ChangeSource.ts"
import type { SourceError } from "../../src/services/source/SourceError.ts"
import { malformedLine, type Transaction } from "../../src/services/source/Transaction.ts"
import { LongBytes, longBytesFile } from "./LongBytes.ts"
import { spilledLines } from "./SpilledLines.ts"

/** Text of one open transaction that is kept in memory, in bytes. A line that crosses the bound is still kept. */
const heldBytesMax = 2 * 1024 * 1024

/** The lines so far of the transaction whose COMMIT has not arrived. */
interface Open {
  lines: Array<SlotLine>
  heldBytes: number
  isSpilled: boolean
  /** Undefined while no line is long. */
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
  if (Result.isFailure(decoded)) return Result.fail(malformedLine(line.lsn, printMalformed(decoded.failure)))
  const change = decoded.success
  return change._tag === "Commit" && change.xid !== null && change.at !== null
    ? Result.succeed({ xid: change.xid, at: change.at })
    : Result.fail(malformedLine(line.lsn, "a COMMIT with its transaction id and its time is expected"))
}

/** Returns the lines for a request, in the order of commits, many at a time. BEGIN is numbered and left out. */
export type PeekLines = (request: ReadRequest) => Stream.Stream<ReadonlyArray<PeekedLine>, SourceError>

/**
 * Reads transactions from the lines of a slot: see `ReadTransactions`. The next chunk of lines is requested only when the sink
 * asks for more, and replaces the temporary files of the transactions before.
 */
export const transactionReader =
  (spool: Spool["Service"], peek: PeekLines): ReadTransactions =>
  (request, sink) =>
    Effect.scopedWith(
      Effect.fnUntraced(function* (scope) {
        const file = Effect.cached(Scope.provide(spool.open, scope))
        const spill = spilledLines(yield* file)
        const longFile = longBytesFile(yield* file)
        const onChunk = request.onChunk ?? Effect.void
        /** Number of the last line that was read. */
        let lines = 0
        let isAtEnd = false
        let open = nothingOpen()
        /**
         * Number of the last line that is in no open transaction. The next line after it that is no message is a BEGIN, and
         * BEGIN is left out: so the first line of a transaction has a number at least two greater.
         */
        let outside = 0
        let validity = { isOver: false }

        const spillOpen = Effect.fnUntraced(function* () {
          yield* spill.append(open.lines, !open.isSpilled)
          open.lines = []
          open.heldBytes = 0
          open.isSpilled = true
        })

        const absorb = Effect.fnUntraced(function* (chunk: ReadonlyArray<PeekedLine>) {
          yield* onChunk
          lines = chunk.at(-1)?.ordinal ?? lines
          // The transactions of the chunk before are written: their space in the files is free.
          validity.isOver = true
          validity = { isOver: false }
          if (open.heldBytes > heldBytesMax) yield* spillOpen()
          if (open.long !== undefined) yield* longFile.write(open.long, false)
          const finished: Array<Transaction> = []
          const whileValid = during(validity)
          /** True if a transaction that this chunk finished reads its long values. */
          let longInUse = false
          for (const peeked of chunk) {
            const line = peeked instanceof LinePart ? yield* addPart(open, peeked) : peeked
            if (line === undefined) continue
            const isNext = line.ordinal === outside + 1
            // Tests the kind of line without decoding its text.
            if (isMessage(line)) {
              // Not a row: it only counts as a line. PostgreSQL 15 prints some outside of BEGIN and COMMIT.
              if (isNext) outside = line.ordinal
            } else if (isNext) {
              return yield* malformedLine(line.lsn, "BEGIN is expected before it")
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
                spilled: open.isSpilled ? Option.some((use) => whileValid(spill.read(use))) : Option.none(),
                readLong: long && ((buffer, offset) => whileValid(longFile.read(long, buffer, offset))),
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

        const taken = Sink.mapEffect(sink, (result) => (isAtEnd ? Effect.succeed(result) : endsEarly))
        // Two steps, not one effect for each chunk: that was measured to use a third more memory.
        const result = yield* peek(request).pipe(
          Stream.mapEffect(absorb),
          Stream.filter((finished) => finished.length > 0),
          Stream.onEnd(
            Effect.sync(() => {
              isAtEnd = true
            }),
          ),
          Stream.run(taken),
        )
        validity.isOver = true
        return { result, isCut: lines >= request.maxLines }
      }),
    )

/** The rest of the answer cannot be skipped, so the session could not answer another query. */
const endsEarly = Effect.die(new Error("A sink of transactions ended before it had taken all"))

/** Wraps reads of a transaction's temporary files: they die once the sink has asked for the next transactions. */
const during =
  (validity: { readonly isOver: boolean }) =>
  <A, E, R>(read: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() =>
      validity.isOver
        ? Effect.die(
            new Error("A transaction's lines were read after the sink had asked for the next transactions"),
          )
        : read,
    )

/** Returns the line if this is its last part. */
const addPart = (open: Open, part: LinePart): Effect.Effect<SlotLine | undefined, Refusal> => {
  open.long ??= new LongBytes()
  return Effect.mapError(Effect.fromResult(open.long.add(part)), (why) => malformedLine(part.lsn, why))
}
