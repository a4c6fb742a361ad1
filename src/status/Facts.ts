/** Looks where the pipeline stands: at the slot, the watermark and the newest objects, and at nothing that is large. */

import { Clock, Effect, Option, Result, Stream } from "effect"
import { decideStart, type Facts } from "../cdc/start/StartDecision.ts"
import { knownIn } from "../cdc/tables/TablePlan.ts"
import * as Lsn from "../core/Lsn.ts"
import * as Manifest from "../core/lake/Manifest.ts"
import { manifestKey } from "../core/lake/ObjectKey.ts"
import type { Layout, Watermark } from "../core/lake/Watermark.ts"
import type { SourceTable } from "../core/source/SourceTable.ts"
import { isStalled } from "../core/source/StalledWriter.ts"
import { datasetCompleteness } from "../lake/DatasetCompleteness.ts"
import { lakeLayout } from "../lake/LakeLayout.ts"
import { newestObject } from "../lake/LakeTail.ts"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import { Refusal } from "../services/Refusal.ts"
import { SlotInspection } from "../services/source/SlotInspection.ts"
import { SourceError } from "../services/source/SourceError.ts"
import type { SlotFacts } from "../services/source/SourceInspection.ts"
import { Settings } from "../settings/Settings.ts"
import { lagOf, unknownLag } from "./Lag.ts"
import type { DatasetStatus, StatusReport } from "./Report.ts"

/** The manifest is small and tells the rows; the rows of an object of `inc` nobody has counted. */
const rowsOfFull = Effect.fnUntraced(function* (key: string) {
  const { read } = yield* ObjectStore
  const bytes = yield* Stream.runCollect(read(manifestKey(key))).pipe(
    Effect.map((pieces) => Buffer.concat(pieces).toString("utf8")),
    Effect.catchIf(
      (error) => error.reason === "NotFound",
      () => Effect.succeed(""),
    ),
  )
  return Result.match(Manifest.parse(bytes), {
    onFailure: () => Option.none<number>(),
    onSuccess: ({ rows }) => Option.some(rows),
  })
})

/** The newest object of `inc`, or of `full` where that is newer. */
const datasetStatus = Effect.fnUntraced(function* (
  { dataset, table }: SourceTable,
  layout: Layout,
  watermark: Option.Option<Watermark>,
  isConfigured: boolean,
) {
  const recorded = Option.flatMap(watermark, ({ objects }) => Option.fromNullishOr(objects.get(dataset)))
  const inc = yield* newestObject("inc", layout, dataset, recorded)
  const full = yield* newestObject("full", layout, dataset, Option.none())
  const isFull =
    Option.isSome(full) && !Option.exists(inc, ({ stamp }) => stamp.second >= full.value.stamp.second)
  const rows = isFull ? yield* rowsOfFull(full.value.object.key) : Option.none<number>()
  const newest = Option.map(isFull ? full : inc, ({ object }) => object)
  const isInLake = Option.isSome(newest)
  const completeness = Option.isNone(watermark)
    ? Option.none()
    : Option.some(
        yield* datasetCompleteness(layout, { watermark: watermark.value, dataset, isConfigured, isInLake }),
      )
  return { dataset, table, newest, rows, completeness } satisfies DatasetStatus
})

/** Datasets that SOURCE_TABLES names no more: their objects stay. */
const leftDatasets = (tables: ReadonlyArray<SourceTable>, watermark: Option.Option<Watermark>) =>
  Option.match(watermark, {
    onNone: () => [],
    onSome: (lines) =>
      [...lines.tables.keys()]
        .filter((dataset) => !tables.some((one) => one.dataset === dataset))
        .flatMap((dataset) =>
          Option.toArray(
            Option.map(knownIn(lines, dataset), ({ table }): SourceTable => ({ dataset, table })),
          ),
        ),
  })

/** A refusal is told in the report; what keeps us from looking fails. */
const refused = <A, E, R>(look: Effect.Effect<A, E | Refusal, R>) =>
  look.pipe(
    Effect.map((found) => Result.succeed(found)),
    Effect.catchIf(
      (error): error is E & Refusal => error instanceof Refusal,
      (refusal) => Effect.succeed(Result.fail<Refusal>(refusal)),
    ),
  )

/** What would keep a `cdc` from starting. A slot that nobody has made yet is no fault: nothing was begun. */
const faultOfStart = (facts: Facts, slot: Option.Option<SlotFacts>): ReadonlyArray<Refusal | SourceError> => {
  const subject = `slot "${facts.slotName}"`
  if (Option.isSome(slot) && Option.isNone(facts.view.slot)) {
    const { plugin, database } = slot.value
    return Option.contains(plugin, "test_decoding")
      ? [
          new SourceError({
            reason: "SlotDatabase",
            subject,
            detail: `it was made in the database "${Option.getOrElse(database, () => "")}"`,
          }),
        ]
      : [
          new SourceError({
            reason: "SlotPlugin",
            subject,
            detail: `it belongs to ${Option.getOrElse(plugin, () => "physical replication")}, not to test_decoding`,
          }),
        ]
  }
  const start = decideStart(facts)
  return Result.isFailure(start) && start.failure.reason !== "SlotMissing" ? [start.failure] : []
}

/** Looks at everything. What cannot be read is told in the report, beside all that can. */
export const takeStock = Effect.gen(function* () {
  const { tables, layout: wanted, pollInterval } = yield* Settings
  const source = yield* SlotInspection
  const { read } = yield* WatermarkStore

  // The slot first: a running `cdc` moves the watermark before the slot, so that a healthy one never seems out of order.
  const before = yield* source.look
  const found = yield* refused(read)
  const watermark = Result.getOrElse(found, () => Option.none<Watermark>())
  const { flushed } = yield* Option.exists(watermark, ({ position }) => position > before.flushed)
    ? source.look
    : Effect.succeed(before)

  const layout = yield* refused(lakeLayout(tables, wanted, watermark))
  const datasets = Result.isFailure(layout)
    ? tables.map(
        (table): DatasetStatus => ({
          ...table,
          newest: Option.none(),
          rows: Option.none(),
          completeness: Option.none(),
        }),
      )
    : [
        ...(yield* Effect.forEach(tables, (table) => datasetStatus(table, layout.success, watermark, true))),
        ...(yield* Effect.forEach(leftDatasets(tables, watermark), (table) =>
          datasetStatus(table, layout.success, watermark, false),
        )),
      ]

  const now = yield* Clock.currentTimeMillis
  const ours = Option.filter(
    before.slot,
    ({ isHere, plugin }) => isHere && Option.contains(plugin, "test_decoding"),
  )
  const facts = { slotName: source.slot, source: before.source, view: { slot: ours, flushed }, watermark }
  const faults = Result.isFailure(found) ? [found.failure] : faultOfStart(facts, before.slot)
  // Positions of another log mean nothing here.
  const isForeign = faults.some(({ reason }) => reason === "ForeignWatermark")
  const watermarkSeconds = Option.flatMap(watermark, ({ writtenAt }) => writtenAt).pipe(
    Option.map((at) => Math.max(0, (now - Date.parse(at)) / 1000)),
    Option.filter(Number.isFinite),
  )
  const idleSeconds = Option.map(before.activity, ({ seconds }) => seconds)
  const isSlotActive = Option.exists(before.slot, ({ reader }) => Option.isSome(reader))
  const report: StatusReport = {
    at: now,
    slotName: source.slot,
    slot: before.slot,
    flushed,
    watermark,
    writer: before.writer,
    stalledSeconds: Option.filter(idleSeconds, () =>
      isStalled({ idleSeconds, isSlotActive, watermarkSeconds }, pollInterval),
    ),
    present: before.present,
    lag: isForeign
      ? unknownLag
      : lagOf({
          flushed,
          watermark: Option.map(watermark, ({ position }) => ({ position, age: watermarkSeconds })),
          confirmed: Option.map(ours, ({ confirmed }) => confirmed),
          activity: before.activity,
          leftBehind: Lsn.halfSegment,
        }),
    datasets,
    faults: [...faults, ...(Result.isFailure(layout) ? [layout.failure] : [])],
  }
  return report
})
