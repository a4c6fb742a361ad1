/**
 * SIGHUP requests a reload while somebody listens for it; else it ends the process, as the system does by default.
 * SIGINT and SIGTERM request a stop; the second one exits at once, which loses nothing either. A closed stdout
 * (`verify | head -1`) or a full disk there requests a stop too, so that files and sessions are closed.
 */
import { Deferred, Effect, Layer, Queue } from "effect"
import { ReloadSignal } from "../../src/services/ReloadSignal.ts"
import { StopSignal } from "../../src/services/StopSignal.ts"

const signals = ["SIGINT", "SIGTERM"] as const

/** One handler per listener. */
const listen = Effect.gen(function* () {
  const requests = yield* Queue.sliding<void>(1)
  const onSignal = () => {
    Queue.offerUnsafe(requests, undefined)
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("SIGHUP", onSignal)),
    () => Effect.sync(() => process.off("SIGHUP", onSignal)),
  )
  return Queue.take(requests)
})

const stop = Layer.effect(
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
    // Never removed: output during the shutdown meets the same closed pipe.
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      // A reader that closed the pipe has read enough. Other failures, such as a full disk, are reported.
      if (error.code !== "EPIPE") process.stderr.write(`afluente: stdout cannot be written (${error.code})\n`)
      Deferred.doneUnsafe(asked, Effect.void)
    })
    // Work goes on if nobody reads the log, or its disk is full. Node then drops the log.
    process.stderr.on("error", () => {})
    return { requested: Deferred.await(asked) }
  }),
)

export const layer: Layer.Layer<never> = Layer.merge(stop, Layer.succeed(ReloadSignal, { listen }))
