/**
 * Starts a writer from what the lake and the slot say, and from nothing else. Finishes the durable steps that an earlier
 * writer has begun. A first start, a crash and a lost answer all take this path.
 *
 * All refusals come before the first write. Then the lake is taken over (`Fence.ts`), and only after that its newest
 * objects are listed: whatever an older writer can still publish has a name that we use too.
 */

import { Duration, Effect, Option, Result, Stream } from "effect"
import * as Lsn from "../../core/Lsn.ts"
import { type Area, fenceProbeKey, layoutOf, parseKey, rootOf } from "../../core/lake/ObjectKey.ts"
import { bare, type LakeFolders, type Watermark } from "../../core/lake/Watermark.ts"
import type { SourceTable } from "../../core/source/SourceTable.ts"
import { tablesIn } from "../../core/tables/TableSelection.ts"
import { forEachDataset } from "../../lake/ForEachDataset.ts"
import { lakeLayout } from "../../lake/LakeLayout.ts"
import { publish } from "../../observe/PipelineEvents.ts"
import { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { type StoredWatermark, WatermarkStore } from "../../services/lake/WatermarkStore.ts"
import type { ChangeSession } from "../../services/source/ChangeSource.ts"
import { ReplicationSlot } from "../../services/source/ReplicationSlot.ts"
import { SourceError } from "../../services/source/SourceError.ts"
import { Settings } from "../../settings/Settings.ts"
import { configuredTables } from "../../tables/ConfiguredTables.ts"
import type { Checkpoint } from "../start/Checkpoint.ts"
import { withMissingSchemas } from "../start/MissingSchemas.ts"
import { checkStart, newestRow, type Started } from "../start/StartChecks.ts"
import { decideStart } from "../start/StartDecision.ts"
import { withMasks } from "../start/StartMasks.ts"
import { tailOf } from "../start/Tails.ts"
import { catalogTexts } from "../tables/FollowedTables.ts"
import { inRenamedSchemas, watchRename } from "../tables/SchemaRename.ts"
import { printSession } from "../writer/Standby.ts"
import { reasonToWait, requestLifetime } from "./Fence.ts"
import { takeWatermark } from "./HeldWatermark.ts"

/** Reads the state of lake and source. Fails with a `Refusal` if a writer must not continue from there. */
const examine = Effect.fnUntraced(function* (session: ChangeSession) {
  const settings = yield* Settings
  const { name: slotName } = yield* ReplicationSlot
  const store = yield* WatermarkStore
  const stored = yield* store.readVersion
  const known = Option.map(stored, ({ watermark }) => watermark)
  const view = yield* session.readState
  const { source, timeline } = session
  const facts = { slotName, source, view, watermark: known }
  const start = decideStart(facts)
  if (Result.isFailure(start) && start.failure.reason !== "SlotAhead") return yield* start.failure
  const found = yield* configuredTables(session, known)
  const { layout, selection } = yield* lakeLayout(found, settings.layout, known)
  const configured = tablesIn(selection)
  if (Result.isFailure(start)) {
    // A restored older watermark looks the same: the newest rows show whether anything is lost.
    const row = yield* newestRow(layout, configured, known)
    const explained = decideStart({ ...facts, newestRow: row })
    return yield* Result.isFailure(explained) ? explained.failure : start.failure
  }
  const position = start.success
  const slot = {
    name: slotName,
    confirmed: Option.match(view.slot, { onNone: () => position, onSome: ({ confirmed }) => confirmed }),
    flushed: view.flushed,
  }
  const started = yield* checkStart(session, slot, configured, layout, known, position)
  const watermark: Watermark = {
    ...Option.getOrElse(known, () => bare(position)),
    position,
    slot: Option.some(slotName),
    database: Option.some(source.database),
    systemIdentifier: Option.some(source.systemIdentifier),
    timeline: Option.some(timeline),
    layout: Option.some(layoutOf(layout)),
    root: rootOf(layout),
    lastCommit: started.lastCommit,
    ...started.lines,
  }
  return { stored, watermark, layout, started, configured, flushed: view.flushed }
})

/** True if the area holds an object of ours. */
const hasObjects = Effect.fnUntraced(function* (area: Area) {
  const store = yield* ObjectStore
  const first = yield* store.list(`${area}/`).pipe(
    Stream.filter(({ key }) => Option.isSome(parseKey(key))),
    Stream.runHead,
  )
  return Option.isSome(first)
})

/** A wrong LAKE_URL looks like a new lake: writing there moves the slot, and the right lake cannot continue. */
const announceNewLake = Effect.fnUntraced(function* ({ position }: Watermark) {
  const { location } = yield* ObjectStore
  const { name } = yield* ReplicationSlot
  yield* Effect.logInfo(
    `cdc: the lake ${location} is empty, not even a full is there. It begins at ${Lsn.print(position)}, the confirmed LSN of the slot "${name}". ` +
      "If another lake is written from this slot, stop now and correct LAKE_URL: that one cannot go on without the changes that are written here.",
  )
})

/** Waits until late requests that no condition would refuse have arrived. Returns true if it waited: the lake may differ. */
const waitForLateRequests = Effect.fnUntraced(function* (
  session: ChangeSession,
  reason: Option.Option<string>,
) {
  if (Option.isNone(reason)) return false
  yield* Effect.logInfo(
    `cdc: waiting ${Duration.format(requestLifetime)} before the first write, so that no late request can double rows: ${reason.value}`,
  )
  yield* Effect.raceFirst(Effect.sleep(requestLifetime), session.ended)
  yield* leaveToOlderVersion
  return true
})

/**
 * Fails with `SlotInUse` if a process of an older version has reconnected meanwhile. A restart of PostgreSQL ends its
 * sessions, so that we can take the lock before it is connected again. It writes without any condition once it has the lock.
 */
const leaveToOlderVersion = Effect.gen(function* () {
  const slot = yield* ReplicationSlot
  const processes = yield* slot.unfencedProcesses
  if (processes.length === 0) return
  return yield* new SourceError({
    reason: "SlotInUse",
    subject: `slot "${slot.name}"`,
    detail: `an older version of this program runs on it (${processes.map(printSession).join(", ")})`,
  })
})

/** Returns the checkpoint of the lake as it is now. The next watermark will record its newest objects. */
const checkpointOf = Effect.fnUntraced(function* (
  session: ChangeSession,
  layout: LakeFolders,
  watermark: Watermark,
  started: Started,
  configured: ReadonlyArray<SourceTable>,
) {
  const { columns } = yield* Settings
  const { name: slot } = yield* ReplicationSlot
  const tails = yield* forEachDataset(started.datasets, (source) =>
    tailOf(source, layout, watermark, Option.fromUndefinedOr(started.ends.get(source.dataset))),
  )
  const rename = yield* watchRename(session, inRenamedSchemas(started.lines, started.followed), Option.none())
  const objects = new Map(watermark.objects)
  for (const { source, newestKey } of tails)
    if (Option.isSome(newestKey)) objects.set(source.dataset, newestKey.value)
  const checkpoint: Checkpoint = {
    source: session.source,
    slot,
    layout,
    watermark: { ...watermark, objects },
    readUpTo: Lsn.zero,
    datasets: tails,
    tables: {
      configured,
      rules: columns,
      now: started.followed,
      rename,
      lastCatalog: catalogTexts(started.planned),
      warned: new Set(),
      refused: new Set(),
      columns: new Map(),
    },
    known: new Map(),
  }
  return checkpoint
})

/** Publishes when the watermark was written: the lake may be behind since then. */
const beginAfter = Effect.fnUntraced(function* (stored: Option.Option<StoredWatermark>) {
  const writtenAt = Option.flatMap(stored, ({ watermark }) => watermark.writtenAt)
  if (Option.isNone(writtenAt)) return
  yield* publish((at) => ({ _tag: "WatermarkFound", at, writtenAt: writtenAt.value }))
})

/**
 * Makes the session's process the only writer of the lake. Fails with `Fenced` if another was faster, or with a `Refusal`.
 * `ofItself`: the session's writer begins anew between two batches. It has no request in flight, and so waits for none.
 */
export const takeOver = Effect.fn("TakeOver.takeOver")(function* (session: ChangeSession, ofItself = false) {
  const store = yield* ObjectStore
  let now = yield* examine(session)
  yield* beginAfter(now.stored)
  // Advances a slot behind the watermark (the server crashed before it wrote our confirmation to disk). A slot that is not
  // behind does not move: the call shows that the role may advance it, before anything is written to the lake.
  yield* session.confirm(now.watermark.position)
  const isInc = Option.isNone(now.stored) && (yield* hasObjects("inc"))
  if (Option.isNone(now.stored) && !isInc && !(yield* hasObjects("full")))
    yield* announceNewLake(now.watermark)
  const fencing = (yield* store.honoursConditions(fenceProbeKey)) ? "conditions" : "waiting"
  const reason = ofItself
    ? Option.none<string>()
    : reasonToWait({
        watermark: Option.map(now.stored, ({ watermark }) => watermark),
        hasObjects: isInc,
        fencing,
        timeline: Option.some(session.timeline),
      })
  if (yield* waitForLateRequests(session, reason)) now = yield* examine(session)
  // The flushed LSN was read with the lock held: no older writer has read beyond it.
  const watermark = yield* withMasks(session, now.watermark, now.started.maskChange, now.flushed)
  const held = yield* takeWatermark(watermark, now.stored, fencing, now.flushed)
  const found = yield* checkpointOf(session, now.layout, watermark, now.started, now.configured)
  const checkpoint = yield* withMissingSchemas(found, now.watermark, held.publish)
  return { held, checkpoint }
})

/** The watermark that the writer holds, and the end of the lake that it continues. */
export type TakenLake = Effect.Success<ReturnType<typeof takeOver>>
