/**
 * How a writer begins, whatever ended the one before: with what the lake and the slot say, and nothing else. Durable
 * steps that were begun are finished here. A crash, a lost answer and a first start all take this one way.
 *
 * Everything that is refused is refused before anything is written. Then the lake is taken over (`Fence.ts`), and only
 * after that its newest objects are listed: what an older writer can still make visible has a name of our own.
 */
import { Duration, Effect, Option, Result, Stream } from "effect"
import * as Lsn from "../../core/Lsn.ts"
import { type Area, fenceProbeKey, parseKey } from "../../core/lake/ObjectKey.ts"
import { bare, type Layout, type Watermark } from "../../core/lake/Watermark.ts"
import type { SourceTable } from "../../core/source/SourceTable.ts"
import { lakeLayout } from "../../lake/LakeLayout.ts"
import { publish } from "../../observe/PipelineEvents.ts"
import { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { type StoredWatermark, WatermarkStore } from "../../services/lake/WatermarkStore.ts"
import type { ChangeSession } from "../../services/source/ChangeSource.ts"
import { ReplicationSlot } from "../../services/source/ReplicationSlot.ts"
import { SourceError } from "../../services/source/SourceError.ts"
import { Settings } from "../../settings/Settings.ts"
import type { DatasetTail } from "../rows/DatasetObjects.ts"
import type { Checkpoint } from "../start/Checkpoint.ts"
import { checkStart, type LakeEnd, lakeEnd, newestRow, type Started } from "../start/StartChecks.ts"
import { decideStart } from "../start/StartDecision.ts"
import { seenTables } from "../tables/FollowedTables.ts"
import { inRenamedSchemas, watchRename } from "../tables/SchemaRename.ts"
import { printSession } from "../writer/Standby.ts"
import { reasonToWait, requestsLive } from "./Fence.ts"
import { takeWatermark } from "./HeldWatermark.ts"

/** Reads what the lake and the source say. Fails with a refusal where a writer must not go on from there. */
const examine = Effect.fnUntraced(function* (session: ChangeSession) {
  const settings = yield* Settings
  const { name: slotName } = yield* ReplicationSlot
  const store = yield* WatermarkStore
  const found = yield* store.readVersion
  const known = Option.map(found, ({ watermark }) => watermark)
  const view = yield* session.readState
  const { source, timeline } = session
  const facts = { slotName, source, view, watermark: known }
  const start = decideStart(facts)
  if (Result.isFailure(start) && start.failure.reason !== "SlotAhead") return yield* start.failure
  const layout = yield* lakeLayout(settings.tables, settings.layout, known)
  if (Result.isFailure(start)) {
    // An older watermark looks the same: the newest rows show whether anything is lost.
    const row = yield* newestRow(layout, settings.tables, known)
    const explained = decideStart({ ...facts, newestRow: row })
    return yield* Result.isFailure(explained) ? explained.failure : start.failure
  }
  const position = start.success
  const slot = {
    name: slotName,
    confirmed: Option.match(view.slot, { onNone: () => position, onSome: ({ confirmed }) => confirmed }),
    flushed: view.flushed,
  }
  const started = yield* checkStart(session, slot, settings.tables, layout, known, position)
  const watermark: Watermark = {
    ...Option.getOrElse(known, () => bare(position)),
    position,
    slot: Option.some(slotName),
    database: Option.some(source.database),
    systemIdentifier: Option.some(source.systemIdentifier),
    timeline: Option.some(timeline),
    layout: Option.some(layout),
    lastCommit: started.lastCommit,
    ...started.lines,
  }
  return { found, watermark, layout, started, flushed: view.flushed }
})

/** Whether an area holds an object of ours. */
const hasObjects = Effect.fnUntraced(function* (area: Area) {
  const store = yield* ObjectStore
  const first = yield* store.list(`${area}/`).pipe(
    Stream.filter(({ key }) => Option.isSome(parseKey(key))),
    Stream.runHead,
  )
  return Option.isSome(first)
})

/** A wrong LAKE_URL looks like a new lake: what is written there moves the slot, and the right lake cannot go on. */
const announceNewLake = Effect.fnUntraced(function* ({ position }: Watermark) {
  const { location } = yield* ObjectStore
  const { name } = yield* ReplicationSlot
  yield* Effect.logInfo(
    `cdc: the lake ${location} is empty, not even a full is there. It begins at ${Lsn.print(position)}, the confirmed LSN of the slot "${name}". ` +
      "If another lake is written from this slot, stop now and correct LAKE_URL: that one cannot go on without the changes that are written here.",
  )
})

/** Waits out what no condition would refuse. True where it waited: the lake may have changed. */
const waitOut = Effect.fnUntraced(function* (session: ChangeSession, reason: Option.Option<string>) {
  if (Option.isNone(reason)) return false
  yield* Effect.logInfo(
    `cdc: waiting ${Duration.format(requestsLive)} before the first write, so that no late request can double rows: ${reason.value}`,
  )
  yield* Effect.raceFirst(Effect.sleep(requestsLive), session.ended)
  yield* leaveToOlderVersion
  return true
})

/**
 * Fails where a process of an older version has come back meanwhile: a restart of PostgreSQL ends its sessions, and the lock
 * may be taken before it is seen again. It would take the lock at the first chance and write without any condition.
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

/** The end of a dataset in the lake as it is now, after what was found before. */
const tailOf = Effect.fnUntraced(function* (
  source: SourceTable,
  layout: Layout,
  watermark: Watermark,
  before: Option.Option<LakeEnd>,
) {
  const found = yield* lakeEnd(layout, source.dataset, Option.some(watermark), before)
  const newestKey = Option.map(found, ({ object }) => object.object.key)
  const recorded = Option.flatMap(Option.fromNullishOr(watermark.objects.get(source.dataset)), parseKey)
  const newest = Option.map(found, ({ object }) => object.stamp)
  const tail: DatasetTail = {
    source,
    newestKey,
    newest: Option.orElse(newest, () => Option.map(recorded, ({ stamp }) => stamp)),
    written: Option.filter(
      Option.flatMap(found, ({ row }) => row),
      ({ lsn }) => lsn > watermark.position,
    ),
  }
  return tail
})

/** The checkpoint of the lake as it is now. A newest object that the watermark does not record is recorded by the next. */
const checkpointOf = Effect.fnUntraced(function* (
  session: ChangeSession,
  layout: Layout,
  watermark: Watermark,
  started: Started,
) {
  const { tables } = yield* Settings
  const { name: slot } = yield* ReplicationSlot
  const tails = yield* Effect.forEach(started.datasets, (source) =>
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
      configured: tables,
      now: started.followed,
      rename,
      seen: seenTables(started.planned),
      warned: new Set(),
    },
  }
  return checkpoint
})

/** Notes since when the lake may be behind. */
const beginAfter = Effect.fnUntraced(function* (found: Option.Option<StoredWatermark>) {
  const writtenAt = Option.flatMap(found, ({ watermark }) => watermark.writtenAt)
  if (Option.isNone(writtenAt)) return
  yield* publish((at) => ({ _tag: "WatermarkFound", at, writtenAt: writtenAt.value }))
})

/** Makes the session's process the one writer of the lake. Fails with `Fenced` where another one was faster. */
export const takeOver = Effect.fn("TakeOver.takeOver")(function* (session: ChangeSession) {
  const store = yield* ObjectStore
  let now = yield* examine(session)
  yield* beginAfter(now.found)
  // A slot behind the watermark (the server crashed before it noted our confirmation) is brought up to it. Where it is
  // not behind, this moves nothing and proves the right to, before a role without it leaves a mark in the lake.
  yield* session.confirm(now.watermark.position)
  const isInc = Option.isNone(now.found) && (yield* hasObjects("inc"))
  if (Option.isNone(now.found) && !isInc && !(yield* hasObjects("full")))
    yield* announceNewLake(now.watermark)
  const fencing = (yield* store.honoursConditions(fenceProbeKey)) ? "conditions" : "waiting"
  const reason = reasonToWait({
    watermark: Option.map(now.found, ({ watermark }) => watermark),
    hasObjects: isInc,
    fencing,
    timeline: Option.some(session.timeline),
  })
  if (yield* waitOut(session, reason)) now = yield* examine(session)
  // The flushed WAL is read with the lock held: no older writer has seen more of it.
  const held = yield* takeWatermark(now.watermark, now.found, fencing, now.flushed)
  const checkpoint = yield* checkpointOf(session, now.layout, now.watermark, now.started)
  return { held, checkpoint }
})
