/** What a program warns of. */
import { Effect, Layer, Logger, References } from "effect"

/** Returns a program's result, and its warnings. */
export const warned = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const warnings: Array<string> = []
    const keep = Logger.make(({ message, logLevel }) => {
      if (logLevel === "Warn") warnings.push(String(message))
    })
    const logger = Layer.merge(Logger.layer([keep]), Layer.succeed(References.MinimumLogLevel, "Warn"))
    return [yield* Effect.provide(program, logger), warnings] as const
  })

export const warningsOf = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.map(warned(program), ([, warnings]) => warnings)
