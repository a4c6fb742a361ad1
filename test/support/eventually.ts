import { Duration, Effect, Schedule } from "effect"

/** Waits for a condition of the world outside, in real time: asks again until it holds, and dies after the deadline. */
export const eventually = <E, R>(
  what: string,
  condition: Effect.Effect<boolean, E, R>,
  deadline: Duration.Input = "20 seconds",
): Effect.Effect<void, E, R> =>
  condition.pipe(
    Effect.repeat({ until: (holds) => holds, schedule: Schedule.spaced("20 millis") }),
    Effect.timeoutOrElse({
      duration: deadline,
      orElse: () =>
        Effect.die(new Error(`not within ${Duration.format(Duration.fromInputUnsafe(deadline))}: ${what}`)),
    }),
    Effect.asVoid,
  )
