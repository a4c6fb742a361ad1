/** Step 1 of a batch: what waits in the slot, read and made visible in the lake. */
import { Effect, Option, Stream } from "effect"
import type * as Lsn from "../core/Lsn.ts"
import type { Stamp } from "../core/lake/ObjectKey.ts"
import { publish } from "../observe/PipelineEvents.ts"
import type { SlotSession } from "../services/source/ReplicationSlot.ts"
import { askedTogether } from "./AskedTogether.ts"
import { notedInScope } from "./FirstFailure.ts"
import type { HeldWatermark } from "./fence/HeldWatermark.ts"
import { openBatch } from "./rows/IncObjects.ts"
import { wholeTransactions } from "./rows/Transactions.ts"
import { type Checkpoint, followedTails } from "./start/Checkpoint.ts"
import { decideStart } from "./start/StartDecision.ts"
import { sinceOf, type UnsureTable } from "./tables/FollowedTables.ts"
import { OtherNames, whoseMayBe } from "./tables/UnknownRelations.ts"

/** What makes this process the one writer: the lock on the source, and the watermark of the lake. */
export interface Writer {
  readonly session: SlotSession
  readonly held: HeldWatermark
}

/** The slot and the log now, if a writer may go on from where it stands. Fails too when the session has gone. */
export const lookFrom = Effect.fnUntraced(function* (
  session: SlotSession,
  checkpoint: Checkpoint,
  look: SlotSession["look"] = session.look,
) {
  const view = yield* look
  const { slot: slotName, source } = checkpoint
  const watermark = Option.some(checkpoint.watermark)
  yield* Effect.fromResult(decideStart({ slotName, source, view, watermark }))
  return view
})

/** Step 1: what waits, read and made visible in the lake. */
export const carry = Effect.fnUntraced(function* (
  { session, held }: Writer,
  checkpoint: Checkpoint,
  upTo: Lsn.Lsn,
  maxLines: number,
  unsure: ReadonlyArray<UnsureTable>,
) {
  const { position } = checkpoint.watermark
  let readUpTo = position
  let lines = 0
  let reading = true
  let firstCommittedAt: string | undefined
  // Objects are sent while the session is idle or busy: one that was lost meanwhile is found out before each of them is
  // visible, lest a successor that has the lock by now writes the same rows beside ours.
  const ensureLockHeld = yield* askedTogether(
    Effect.suspend(() => lookFrom(session, checkpoint, reading ? session.lookBeside : session.look)),
  )
  const tails = followedTails(checkpoint)
  const others = new OtherNames()
  const fence = {
    ensureLockHeld,
    publish: held.publish,
    nameObject: (newest: Option.Option<Stamp>) => held.nameObject(checkpoint, newest),
  }
  const objects = yield* openBatch(
    tails,
    checkpoint.layout,
    fence,
    unsure.length === 0 ? undefined : (table, change) => others.note(table, change),
  )
  const tables = checkpoint.tables.now.flatMap(({ names }) => names)
  yield* session.peek({ upTo, maxLines, tables, unknownSince: sinceOf(unsure) }).pipe(
    Stream.tap((chunk) =>
      Effect.sync(() => {
        lines = chunk.at(-1)?.ordinal ?? lines
      }),
    ),
    wholeTransactions,
    // A slot behind the watermark tells again what the lake has: after a crash of the server that is normal.
    Stream.map((transactions) => transactions.filter(({ commit }) => commit > position)),
    Stream.runForEach((transactions) => {
      const [first, last] = [transactions[0], transactions.at(-1)]
      if (first === undefined || last === undefined) return Effect.void
      readUpTo = last.commit
      firstCommittedAt ??= first.committedAt
      const times = { firstCommittedAt: first.committedAt, lastCommittedAt: last.committedAt }
      return Effect.andThen(
        publish((at) => ({ _tag: "TransactionsRead", at, ...times })),
        objects.append(transactions),
      )
    }),
    Effect.withSpan("peek"),
  )
  reading = false
  // Also where there is nothing to write: `status` knows an idle writer by its last look.
  yield* ensureLockHeld
  const incomplete = yield* whoseMayBe(session, unsure, others)
  const written = yield* Effect.withSpan(objects.commit, "upload")
  if (written.length > 0) yield* publish((at) => ({ _tag: "ObjectsPublished", at, datasets: written }))
  return {
    written,
    incomplete,
    firstCommittedAt,
    lastCommit: objects.lastCommit(),
    readUpTo,
    more: lines >= maxLines,
  }
}, notedInScope)
