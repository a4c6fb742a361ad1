/** Step 1 of a batch: writes the pending changes of the slot as objects. Each object becomes visible whole. */
import { Effect, Option, Sink } from "effect"
import * as Lsn from "../core/Lsn.ts"
import type { Stamp } from "../core/lake/ObjectKey.ts"
import { publish } from "../observe/PipelineEvents.ts"
import { maxLinesMax } from "../services/source/ChangeSource.ts"
import type { Transaction } from "../services/source/Transaction.ts"
import { patternsOf } from "../tables/ConfiguredTables.ts"
import { askedTogether } from "./AskedTogether.ts"
import type { PendingBatch, Writer, WrittenBatch } from "./Batch.ts"
import { notedInScope } from "./CurrentBatch.ts"
import { ensureLockHeld } from "./ReadBatch.ts"
import { incObjects } from "./rows/IncObjects.ts"
import { warnOfNewColumns } from "./rows/KnownTails.ts"
import { followedTails } from "./start/Checkpoint.ts"
import { namesInWal } from "./tables/FollowedLeaves.ts"
import { GoneTables } from "./unknown/GoneTables.ts"
import { sinceOf } from "./unknown/UncertainTables.ts"
import { OtherNames, whoseMayBe } from "./unknown/UnknownRelations.ts"

/** Keeps those after the watermark. After a crash of the server, the slot can be behind it and send again what the lake has. */
const newAfter = (position: Lsn.Lsn) => (all: ReadonlyArray<Transaction>) => {
  const transactions = all.filter(({ commit }) => commit > position)
  const [first, last] = [transactions[0], transactions.at(-1)]
  if (first === undefined || last === undefined) return Effect.succeed(transactions)
  const times = { firstCommittedAt: first.committedAt, lastCommittedAt: last.committedAt }
  return Effect.as(
    publish((at) => ({ _tag: "TransactionsRead", at, ...times })),
    transactions,
  )
}

const writeUpTo = Effect.fnUntraced(function* (
  { session, held }: Writer,
  { checkpoint, view, unsure, present }: PendingBatch,
  maxLines: number,
) {
  const { position } = checkpoint.watermark
  // The session can end while objects are sent. The lock is checked before each object becomes visible, because a standby
  // that has it by now would write the same rows beside ours.
  const lockHeld = yield* askedTogether(ensureLockHeld(session, checkpoint))
  const others = new OtherNames(unsure)
  const tails = followedTails(checkpoint)
  const gone = new GoneTables(present)
  const gonePatterns = patternsOf(present.entries)
  const isOtherNoted = unsure.length > 0 || gonePatterns.length > 0
  const fence = {
    ensureLockHeld: lockHeld,
    publish: held.publish,
    keepsSchemas: true,
    nameObject: (newest: Option.Option<Stamp>) => held.nameObject(checkpoint, newest),
  }
  const objects = yield* incObjects(
    tails,
    checkpoint.layout,
    fence,
    isOtherNoted
      ? (table, tokens) => {
          if (unsure.length > 0) others.note(table, tokens)
          if (gonePatterns.length > 0) gone.note(table)
        }
      : undefined,
  )
  const tables = checkpoint.tables.now.flatMap(namesInWal)
  const { result: rows, isCut } = yield* session
    .readTransactions(
      { upTo: view.flushed, maxLines, tables, unknownSince: sinceOf(unsure), gonePatterns },
      Sink.mapInputEffect(objects, newAfter(position)),
    )
    .pipe(Effect.withSpan("peek"))
  // Also if there is nothing to write: `status` recognizes an idle writer by this query.
  yield* lockHeld
  const unknown = yield* whoseMayBe(session, unsure, others, rows.isPublished)
  const incomplete = new Set([...unknown, ...(yield* gone.report)])
  const written = yield* Effect.withSpan(rows.commit, "upload")
  const warned = yield* warnOfNewColumns(tails, checkpoint.tables.warned)
  if (written.length > 0) yield* publish((at) => ({ _tag: "ObjectsPublished", at, datasets: written }))
  return {
    checkpoint: { ...checkpoint, tables: { ...checkpoint.tables, warned } },
    written,
    incomplete,
    firstCommittedAt: rows.firstCommittedAt,
    lastCommit: rows.lastCommit,
    readUpTo: Option.getOrElse(rows.readUpTo, () => position),
    more: isCut,
  }
}, notedInScope)

/**
 * Reads the batch from the slot and writes its rows. Succeeds when all of its objects are visible. Writes only whole
 * transactions, so `maxLines` is a soft bound.
 */
export const writeObjects = Effect.fnUntraced(function* (
  writer: Writer,
  batch: PendingBatch,
  maxLines: number,
) {
  const { checkpoint, view } = batch
  for (let bound = maxLines; ; bound = Math.min(bound * 2, maxLinesMax)) {
    const { readUpTo, ...found } = yield* writeUpTo(writer, batch, bound)
    // A read that was cut at its bound is complete only up to its last COMMIT.
    const position = found.more ? readUpTo : Lsn.max(view.flushed, readUpTo)
    // Messages outside of transactions can fill a whole read, and cannot be confirmed alone: the next read is wider.
    if (found.more && position === checkpoint.watermark.position) continue
    return { ...batch, ...found, position } satisfies WrittenBatch
  }
})
