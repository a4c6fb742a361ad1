/** One line on the terminal, below the log, that `cdc` redraws twice a second; nothing if stderr is no terminal. */

import { Clock, Effect, Layer, Schedule } from "effect"
import { counted } from "../../src/core/text/CountedNoun.ts"
import { printable } from "../../src/core/text/PrintableText.ts"
import { canRedraw } from "../../src/core/text/TerminalStyle.ts"
import { healthOf } from "../../src/observe/Health.ts"
import { CurrentStatus } from "../../src/observe/ObservedPipeline.ts"
import { lagSeconds, type PipelineStatus } from "../../src/observe/PipelineStatus.ts"
import { clearLine } from "./TerminalProgress.ts"

/** Prints `cdc  312 rows/s  1204 rows  lag 0.4 s  inc/date=…/cdc_….csv`; the rate is that of the last seconds. */
export const liveLine = (
  status: PipelineStatus,
  rowsPerSecond: number,
  now: number,
  width: number,
): string => {
  const health = healthOf(status, now, Number.POSITIVE_INFINITY)
  const work = (now - (status.workingSince ?? now)) / 1000
  const parts = !health.isWell
    ? [health.text]
    : status.isStandby
      ? ["standby, another process writes"]
      : [
          `${Math.round(rowsPerSecond)} rows/s`,
          counted(status.rows, "row"),
          `lag ${lagSeconds(status, now).toFixed(1)} s`,
          ...(work < 1 ? [] : [`batch in hand for ${Math.round(work)} s`]),
          status.newestObject ?? "nothing written yet",
        ]
  return printable(["cdc", ...parts].join("  ")).slice(0, Math.max(0, width - 1))
}

/** The rate is computed over this many draws. */
const drawsPerRate = 10
const interval = 500

const draw = Effect.gen(function* () {
  const { get } = yield* CurrentStatus
  const rowCounts: Array<number> = []
  return Effect.gen(function* () {
    const status = yield* get
    const now = yield* Clock.currentTimeMillis
    rowCounts.push(status.rows)
    if (rowCounts.length > drawsPerRate) rowCounts.shift()
    const seconds = ((rowCounts.length - 1) * interval) / 1000
    const rate = seconds === 0 ? 0 : (status.rows - (rowCounts[0] ?? 0)) / seconds
    // A terminal without a known width reports 0.
    process.stderr.write(clearLine + liveLine(status, rate, now, process.stderr.columns || 80))
  })
})

export const layer: Layer.Layer<never, never, CurrentStatus> = canRedraw(process.stderr, process.env)
  ? Layer.effectDiscard(
      Effect.gen(function* () {
        yield* Effect.addFinalizer(() => Effect.sync(() => process.stderr.write(clearLine)))
        yield* Effect.forkScoped(Effect.repeat(yield* draw, Schedule.spaced(interval)))
      }),
    )
  : Layer.empty
