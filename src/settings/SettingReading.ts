/** Reads variables so that every problem is told, each with the variable's name, what was wrong, and an example. */
import { Config, Effect, Option, Result, Schema } from "effect"

export type Problems = ReadonlyArray<string>
export type Reading<A, R = never> = Effect.Effect<A, Problems, R>

/** Runs every part and tells the problems of all, where `Effect.all` would stop at the first. */
export const together = <Parts extends Record<string, Reading<unknown, unknown>>>(
  parts: Parts,
): Reading<
  { readonly [K in keyof Parts]: Effect.Success<Parts[K]> },
  Effect.Services<Parts[keyof Parts]>
> => {
  type Part = Reading<unknown, Effect.Services<Parts[keyof Parts]>>
  return Effect.flatMap(
    // `Object.entries` forgets which services the parts need.
    Effect.forEach(Object.entries(parts as Record<string, Part>), ([key, part]) =>
      Effect.map(Effect.result(part), (r) => [key, r] as const),
    ),
    (read) => {
      const problems = read.flatMap(([, r]) => (Result.isFailure(r) ? r.failure : []))
      if (problems.length > 0) return Effect.fail(problems)
      const values = read.map(([key, r]) => [key, Result.isSuccess(r) ? r.success : undefined] as const)
      // Every part succeeded, so that each key holds its own part's value.
      return Effect.succeed(Object.fromEntries(values) as { [K in keyof Parts]: Effect.Success<Parts[K]> })
    },
  )
}

/** Names the variable, what was wrong and how it would be right. */
export const problem = (name: string, example: string, why: string): Problems => [
  `${name}: ${why}. For example: ${name}=${example}`,
]

export const variable = <A>(name: string, example: string, config: Config.Config<A>): Reading<A> =>
  Effect.mapError(config, (error) =>
    // Effect adds the path of the key on a line of its own; the variable is named in front already.
    problem(name, example, error.cause.message.split("\n")[0] ?? "it cannot be read"),
  )

export const text = (name: string) => variable(name, "text", Config.option(Config.String(name)))
export const secret = (name: string) => variable(name, "text", Config.option(Config.Redacted(name)))

export const parsed = <A>(
  name: string,
  example: string,
  fallback: string,
  parse: (text: string) => Result.Result<A, string>,
): Reading<A> =>
  variable(name, example, Config.String(name).pipe(Config.withDefault(fallback))).pipe(
    Effect.flatMap((value) =>
      Effect.mapError(Effect.fromResult(parse(value)), (why) => problem(name, example, why)),
    ),
  )

/** None where it is not set. */
export const parsedIfSet = <A>(
  name: string,
  example: string,
  parse: (text: string) => Result.Result<A, string>,
): Reading<Option.Option<A>> =>
  Effect.flatMap(
    text(name),
    Option.match({
      onNone: () => Effect.succeedNone,
      onSome: (value) =>
        Effect.mapBoth(Effect.fromResult(parse(value)), {
          onFailure: (why) => problem(name, example, why),
          onSuccess: Option.some,
        }),
    }),
  )

/** The first that is set: MinIO's own variables win over those of AWS. What is not used may be wrong. */
export const first = <A>(preferred: Reading<Option.Option<A>>, other: Reading<Option.Option<A>>) =>
  Effect.flatMap(preferred, (found) => (Option.isSome(found) ? Effect.succeed(found) : other))

/** None where it is not set. Both bounds are allowed. */
export const wholeNumber = (name: string, example: string, minimum: number, maximum: number) =>
  variable(
    name,
    example,
    Config.option(
      Config.schema(
        Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum, maximum })),
        name,
      ),
    ),
  )
