/**
 * SIGINT and SIGTERM as a wish to end; the second one ends at once, which loses nothing either. Whoever reads stdout and
 * goes (`verify | head -1`) wishes the same, and so does a full disk there, so that what is open is closed and no file
 * is left behind.
 */
import { Deferred, Effect, Layer } from "effect"
import { StopSignal } from "../../src/services/StopSignal.ts"

const signals = ["SIGINT", "SIGTERM"] as const

export const layer: Layer.Layer<never> = Layer.effect(
  StopSignal,
  Effect.gen(function* () {
    const asked = yield* Deferred.make<void>()
    let times = 0
    const onSignal = () => {
      times++
      if (times > 1) process.exit(130)
      Deferred.doneUnsafe(asked, Effect.void)
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => signals.map((signal) => process.on(signal, onSignal))),
      () => Effect.sync(() => signals.map((signal) => process.off(signal, onSignal))),
    )
    // Never taken off: what is said while everything is closed meets the same pipe.
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      // A reader that closed the pipe has read enough; any other failure, as a full disk, is reported.
      if (error.code !== "EPIPE") process.stderr.write(`afluente: stdout cannot be written (${error.code})\n`)
      Deferred.doneUnsafe(asked, Effect.void)
    })
    // Work goes on although nobody reads the log, or its disk is full. Node writes no more of it.
    process.stderr.on("error", () => {})
    return { wished: Deferred.await(asked) }
  }),
)
