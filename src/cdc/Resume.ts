/**
 * How a writer begins, whatever ended the one before: with what the lake and the slot say, and nothing else. Durable
 * steps that were begun are finished here. A crash, a lost answer and a first start all take this one way.
 */
import { DateTime, Effect, Option } from "effect"
import * as Lsn from "../core/Lsn.ts"
import { parseKey } from "../core/ObjectKey.ts"
import { bare, type Layout, type Watermark } from "../core/Watermark.ts"
import { lakeLayout } from "../lake/LakeLayout.ts"
import { lastPosition, newestObject } from "../lake/LakeTail.ts"
import { ReplicationSlot, type SlotSession } from "../services/ReplicationSlot.ts"
import type { SourceIdentity } from "../services/SourceTables.ts"
import { Vitals } from "../services/Vitals.ts"
import { WatermarkStore } from "../services/WatermarkStore.ts"
import { Settings } from "../settings/Settings.ts"
import type { DatasetTail } from "./DatasetObjects.ts"
import { decideStart } from "./StartDecision.ts"

/** Where a running writer stands between two batches. */
export interface Standing {
  readonly source: SourceIdentity
  readonly slot: string
  readonly layout: Layout
  /** The watermark: everything committed up to here is in the lake. */
  readonly position: Lsn.Lsn
  /** The log up to here was read to its end: where nothing was written since, there is nothing to ask for. */
  readonly readUpTo: Lsn.Lsn
  readonly datasets: ReadonlyArray<DatasetTail>
  /** Newest object of each dataset, those of tables that are no longer configured included. */
  readonly objects: ReadonlyMap<string, string>
}

export const watermarkOf = (standing: Standing, writtenAt: Option.Option<string>): Watermark => ({
  ...bare(standing.position),
  slot: Option.some(standing.slot),
  database: Option.some(standing.source.database),
  systemIdentifier: Option.some(standing.source.systemIdentifier),
  layout: Option.some(standing.layout),
  writtenAt,
  objects: standing.objects,
})

/** Tells the lake up to where it is whole. */
export const writeWatermark = Effect.fn("Resume.writeWatermark")(function* (standing: Standing) {
  const store = yield* WatermarkStore
  const now = yield* DateTime.now
  yield* store.write(watermarkOf(standing, Option.some(DateTime.formatIso(now))))
})

export const resume = Effect.fn("Resume.resume")(function* (session: SlotSession) {
  const settings = yield* Settings
  const { name: slot } = yield* ReplicationSlot
  const watermark = yield* Effect.flatMap(WatermarkStore, (store) => store.read)
  const vitals = yield* Vitals
  Option.map(
    Option.flatMap(watermark, ({ writtenAt }) => writtenAt),
    (at) => vitals.beginsAfter(at),
  )
  const view = yield* session.look
  const position = yield* Effect.fromResult(
    decideStart({ slotName: slot, source: session.source, view, watermark }),
  )
  const layout = yield* lakeLayout(settings.tables, settings.layout, watermark)
  const objects = new Map(Option.match(watermark, { onNone: () => [], onSome: (w) => [...w.objects] }))

  const datasets = yield* Effect.forEach(settings.tables, (source) => {
    const recorded = Option.fromNullishOr(objects.get(source.dataset))
    return Effect.gen(function* () {
      const found = yield* newestObject("inc", layout, source.dataset, recorded)
      if (Option.isNone(found)) {
        const newest = Option.map(Option.flatMap(recorded, parseKey), ({ stamp }) => stamp)
        return { source, newest, written: Option.none() }
      }
      // Its last row tells how far the lake has come. The recorded object too may reach past the watermark: one that
      // was found like this is recorded by the next watermark, and that may be one of a smaller batch.
      objects.set(source.dataset, found.value.object.key)
      const last = yield* lastPosition(found.value.object)
      return {
        source,
        newest: Option.some(found.value.stamp),
        written: Option.filter(last, ({ lsn }) => lsn > position),
      }
    })
  })
  const standing: Standing = {
    source: session.source,
    slot,
    layout,
    position,
    readUpTo: Lsn.zero,
    datasets,
    objects,
  }
  // A slot behind the watermark (the server crashed before it noted our confirmation) is brought up to it. Where it is
  // not behind, this moves nothing and proves the right to, before a role without it leaves a mark in the lake.
  yield* session.advance(position)
  // The first watermark stands before the first object, so that objects without one are a lake that lost its watermark.
  if (Option.isNone(watermark) || Option.isNone(watermark.value.slot)) yield* writeWatermark(standing)
  return standing
})
