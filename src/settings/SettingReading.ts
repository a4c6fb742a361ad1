/** Reads variables and reports every problem, each with the variable's name, what is wrong, and an example. */
import { Config, Effect, Option, Result, Schema } from "effect"
import { type SettingName, settingTable, type WithSpec } from "./SettingTable.ts"

export type Problems = ReadonlyArray<string>
export type Reading<A, R = never> = Effect.Effect<A, Problems, R>

/** Runs every part and reports the problems of all, whereas `Effect.all` stops at the first. */
export const together = <Parts extends Record<string, Reading<unknown, unknown>>>(
  parts: Parts,
): Reading<
  { readonly [K in keyof Parts]: Effect.Success<Parts[K]> },
  Effect.Services<Parts[keyof Parts]>
> => {
  type Part = Reading<unknown, Effect.Services<Parts[keyof Parts]>>
  return Effect.flatMap(
    // `Object.entries` loses the services that the parts need.
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

/** Names the variable, what is wrong, and a valid example. */
export const problem = (name: string, example: string, why: string): Problems => [
  `${name}: ${why}. For example: ${name}=${example}`,
]

export const variable = <A>(name: string, example: string, config: Config.Config<A>): Reading<A> =>
  Effect.mapError(config, (error) =>
    // Effect adds the path of the key on a second line; the variable is already named.
    problem(name, example, error.cause.message.split("\n")[0] ?? "it cannot be read"),
  )

export const text = (name: string) => variable(name, "text", Config.option(Config.String(name)))
export const secret = (name: string) => variable(name, "text", Config.option(Config.Redacted(name)))

type WithFallback = WithSpec<{ readonly fallback: string }>
type WithRange = WithSpec<{ readonly value: { readonly from: number } }>
type WithChoice = WithSpec<{ readonly value: { readonly oneOf: ReadonlyArray<string> } }>
/** The words that a setting accepts. */
export type ChoiceOf<Name extends WithChoice> = (typeof settingTable)[Name]["value"]["oneOf"][number]

/** Reads a variable, or the table's default if it is unset. `parse` fails with what is wrong. */
export const parsed = <A>(
  name: WithFallback,
  parse: (text: string) => Result.Result<A, string>,
): Reading<A> => {
  const { example, fallback } = settingTable[name]
  return variable(name, example, Config.String(name).pipe(Config.withDefault(fallback))).pipe(
    Effect.flatMap((value) =>
      Effect.mapError(Effect.fromResult(parse(value)), (why) => problem(name, example, why)),
    ),
  )
}

/** Reads a variable; none if it is unset. */
export const parsedIfSet = <A>(
  name: SettingName,
  parse: (text: string) => Result.Result<A, string>,
): Reading<Option.Option<A>> =>
  Effect.flatMap(
    text(name),
    Option.match({
      onNone: () => Effect.succeedNone,
      onSome: (value) =>
        Effect.mapBoth(Effect.fromResult(parse(value)), {
          onFailure: (why) => problem(name, settingTable[name].example, why),
          onSuccess: Option.some,
        }),
    }),
  )

/** Reads one of the table's words; none if unset. */
export const choice = <Name extends WithChoice>(name: Name): Reading<Option.Option<ChoiceOf<Name>>> => {
  const words: ReadonlyArray<ChoiceOf<Name>> = settingTable[name].value.oneOf
  return variable(name, settingTable[name].example, Config.option(Config.Literals(words, name)))
}

/** Reads the first that is set: MinIO's own variables precede those of AWS. The other may be invalid. */
export const first = <A>(preferred: Reading<Option.Option<A>>, other: Reading<Option.Option<A>>) =>
  Effect.flatMap(preferred, (set) => (Option.isSome(set) ? Effect.succeed(set) : other))

/** Reads an integer in the table's range, both ends allowed; none if unset. */
export const wholeNumber = (name: WithRange): Reading<Option.Option<number>> => {
  const { example, value } = settingTable[name]
  const range = Schema.isBetween({ minimum: value.from, maximum: value.to })
  return variable(
    name,
    example,
    Config.option(Config.schema(Schema.FiniteFromString.check(Schema.isInt(), range), name)),
  )
}
