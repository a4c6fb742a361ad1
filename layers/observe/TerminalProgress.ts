/** A progress line on the terminal, redrawn twice a second; nothing if stderr is no terminal. */
import { Clock, Effect, Layer, Schedule } from "effect"
import { canRedraw } from "../../src/core/text/TerminalStyle.ts"
import { Progress } from "../../src/services/Progress.ts"

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** Prints `full clientes  152.3 MB  48 MB/s  about 17 %`. The share is of an estimate, so that it never reaches 100. */
export const progressLine = (
  label: string,
  bytes: number,
  millis: number,
  estimatedBytes: number,
): string => {
  const rate = millis > 0 ? ` ${megabytes((bytes * 1000) / millis)}/s` : ""
  const share =
    estimatedBytes > 0 ? `  about ${Math.min(99, Math.floor((bytes * 100) / estimatedBytes))} %` : ""
  return `${label}  ${megabytes(bytes)} ${rate}${share}`
}

/** Returns to the beginning of the line and clears it. */
export const clearLine = "\r\u001b[2K"

const onTerminal = Progress.of({
  show: Effect.fnUntraced(function* (label, estimatedBytes) {
    const startedAt = yield* Clock.currentTimeMillis
    let bytes = 0
    const draw = Effect.map(Clock.currentTimeMillis, (now) =>
      process.stderr.write(clearLine + progressLine(label, bytes, now - startedAt, estimatedBytes)),
    )
    yield* Effect.forkScoped(Effect.schedule(draw, Schedule.spaced("500 millis")))
    yield* Effect.addFinalizer(() => Effect.sync(() => process.stderr.write(clearLine)))
    return {
      advance: (more) => {
        bytes += more
      },
    }
  }),
})

export const layer: Layer.Layer<Progress> = canRedraw(process.stderr, process.env)
  ? Layer.succeed(Progress, onTerminal)
  : Progress.silent
