/** Reads the state of the pipeline: the slot, the watermark and the newest objects. Reads nothing large. */

import { Clock, Duration, Effect, Option, Result } from "effect"
import { decideStart, type Facts } from "../cdc/start/StartDecision.ts"
import * as Lsn from "../core/Lsn.ts"
import type { Watermark } from "../core/lake/Watermark.ts"
import { isStalled } from "../core/source/StalledWriter.ts"
import { tablesIn } from "../core/tables/TableSelection.ts"
import { lakeLayout } from "../lake/LakeLayout.ts"
import { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import { Refusal } from "../services/Refusal.ts"
import { SlotInspection } from "../services/source/SlotInspection.ts"
import { SourceError } from "../services/source/SourceError.ts"
import type { SlotFacts } from "../services/source/SourceInspection.ts"
import { Settings } from "../settings/Settings.ts"
import { configuredTables } from "../tables/ConfiguredTables.ts"
import { datasetStatuses, unknownDataset } from "./Datasets.ts"
import { lagOf, unknownLag } from "./Lag.ts"
import type { StatusReport } from "./StatusReport.ts"

/** Returns a refusal as a value, for the report. Other errors fail. */
const refused = <A, E, R>(effect: Effect.Effect<A, E | Refusal, R>) =>
  effect.pipe(
    Effect.map((value) => Result.succeed(value)),
    Effect.catchIf(
      (error): error is E & Refusal => error instanceof Refusal,
      (refusal) => Effect.succeed(Result.fail<Refusal>(refusal)),
    ),
  )

/** Returns what would keep a `cdc` from starting. A missing slot of a new lake is no problem. */
const startProblems = (
  facts: Facts,
  slot: Option.Option<SlotFacts>,
): ReadonlyArray<Refusal | SourceError> => {
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

/** In seconds. A check finds WAL after one interval at most, and it is read at the first check after the longest wait. */
const longestPause = ({ batchMinWal, batchMaxWait, pollInterval }: Settings["Service"]): number =>
  batchMinWal === 0 ? 0 : Duration.toSeconds(batchMaxWait) + 2 * Duration.toSeconds(pollInterval)

/** Returns the status report. It names what could not be read, and contains the rest. */
export const readStatus = Effect.gen(function* () {
  const settings = yield* Settings
  const { layout: wanted, pollInterval } = settings
  const source = yield* SlotInspection
  const { read } = yield* WatermarkStore

  // Reads the slot first: a running `cdc` advances the watermark before the slot, and must not look out of order.
  const before = yield* source.readState
  const stored = yield* refused(read)
  const watermark = Result.getOrElse(stored, () => Option.none<Watermark>())
  const { flushed } = yield* Option.exists(watermark, ({ position }) => position > before.flushed)
    ? source.readState
    : Effect.succeed(before)

  const found = yield* configuredTables(source, watermark)
  const fitted = yield* refused(lakeLayout(found, wanted, watermark))
  const tables = tablesIn(
    Result.getOrElse(
      Result.map(fitted, ({ selection }) => selection),
      () => found,
    ),
  )
  const now = yield* Clock.currentTimeMillis
  const ours = Option.filter(
    before.slot,
    ({ isHere, plugin }) => isHere && Option.contains(plugin, "test_decoding"),
  )
  const facts = { slotName: source.slot, source: before.source, view: { slot: ours, flushed }, watermark }
  const problems = Result.isFailure(stored) ? [stored.failure] : startProblems(facts, before.slot)
  // LSNs of another server or database do not compare with these.
  const isForeign = problems.some(({ reason }) => reason === "ForeignWatermark")
  const watermarkSeconds = Option.flatMap(watermark, ({ writtenAt }) => writtenAt).pipe(
    Option.map((at) => Math.max(0, (now - Date.parse(at)) / 1000)),
    Option.filter(Number.isFinite),
  )
  const idleSeconds = Option.map(before.activity, ({ seconds }) => seconds)
  const isSlotActive = Option.exists(before.slot, ({ reader }) => Option.isSome(reader))
  const slotBegin = Option.map(ours, ({ confirmed }) => confirmed)
  const { datasets, refusals } = yield* Result.isFailure(fitted)
    ? Effect.succeed({ datasets: tables.map(unknownDataset), refusals: [] })
    : datasetStatuses({
        tables,
        layout: fitted.success.layout,
        watermark,
        slotBegin,
        flushed,
        // OIDs of another server or database are not valid here, and a new lake has none.
        isPlanned:
          Result.isSuccess(stored) && !isForeign && Option.isSome(Option.orElse(watermark, () => slotBegin)),
      })
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
    processes: before.processes,
    lag: isForeign
      ? unknownLag
      : lagOf({
          flushed,
          watermark: Option.map(watermark, ({ position }) => ({ position, age: watermarkSeconds })),
          confirmed: slotBegin,
          activity: before.activity,
          leftBehind: Lsn.halfSegment,
          postponedFor: longestPause(settings),
        }),
    datasets,
    problems: [...problems, ...(Result.isFailure(fitted) ? [fitted.failure] : []), ...refusals],
  }
  return report
})
