/** One line on the terminal, below the log, that `cdc` writes over twice a second; nothing where stderr is no screen. */

import { Clock, Effect, Layer, Schedule } from "effect"
import { counted } from "../../src/core/text/CountedNoun.ts"
import { printable } from "../../src/core/text/PrintableText.ts"
import { canRedraw } from "../../src/core/text/TerminalStyle.ts"
import { type VitalSigns, Vitals } from "../../src/services/Vitals.ts"
import { clearLine } from "./TerminalProgress.ts"

/** `cdc  312 rows/s  1204 rows  lag 0.4 s  inc/date=…/cdc_….csv`; the rate is that of the last seconds. */
export const liveLine = (vitals: VitalSigns, rowsPerSecond: number, now: number, width: number): string => {
  const state = vitals.health(now, Number.POSITIVE_INFINITY)
  const work = (now - (vitals.atWorkSince ?? now)) / 1000
  const parts = !state.isWell
    ? [state.text]
    : vitals.isStandby
      ? ["standby, another process writes"]
      : [
          `${Math.round(rowsPerSecond)} rows/s`,
          counted(vitals.rows, "row"),
          `lag ${vitals.lagSeconds(now).toFixed(1)} s`,
          ...(work < 1 ? [] : [`batch in hand for ${Math.round(work)} s`]),
          vitals.newestObject ?? "nothing written yet",
        ]
  return printable(["cdc", ...parts].join("  ")).slice(0, Math.max(0, width - 1))
}

/** The rate is taken over so many draws. */
const drawsPerRate = 10
const interval = 500

const draw = Effect.gen(function* () {
  const vitals = yield* Vitals
  const seen: Array<number> = []
  return Effect.map(Clock.currentTimeMillis, (now) => {
    seen.push(vitals.rows)
    if (seen.length > drawsPerRate) seen.shift()
    const seconds = ((seen.length - 1) * interval) / 1000
    const rate = seconds === 0 ? 0 : (vitals.rows - (seen[0] ?? 0)) / seconds
    // A terminal that knows no width says 0.
    process.stderr.write(clearLine + liveLine(vitals, rate, now, process.stderr.columns || 80))
  })
})

export const layer: Layer.Layer<never> = canRedraw(process.stderr, process.env)
  ? Layer.effectDiscard(
      Effect.gen(function* () {
        yield* Effect.addFinalizer(() => Effect.sync(() => process.stderr.write(clearLine)))
        yield* Effect.forkScoped(Effect.repeat(yield* draw, Schedule.spaced(interval)))
      }),
    )
  : Layer.empty
