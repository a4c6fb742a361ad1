/** The command line of a tool: flags with a default each, read and checked before anything starts. */
import { parseArgs } from "node:util"
import { Result } from "effect"

/** How one flag is read. */
export interface Flag<A> {
  readonly type: "string" | "boolean"
  /** `given` is undefined where the flag is absent. Fails with what a good value is. */
  readonly read: (given: string | undefined) => Result.Result<A, string>
}

export type Flags = Readonly<Record<string, Flag<unknown>>>
type Value<F> = F extends Flag<infer A> ? A : never
export type Values<F extends Flags> = { readonly [Name in keyof F]: Value<F[Name]> }

const flag = <A>(
  initial: A,
  parse: (text: string) => A,
  isGood: (value: A) => boolean,
  wanted: string,
): Flag<A> => ({
  type: "string",
  read: (given) => {
    const value = given === undefined ? initial : parse(given)
    return isGood(value) ? Result.succeed(value) : Result.fail(wanted)
  },
})

/** A whole number from `least` on. */
export const whole = (initial: number, least = 0): Flag<number> =>
  flag(
    initial,
    Number,
    (value) => Number.isSafeInteger(value) && value >= least,
    `a whole number from ${least} on`,
  )

/** A number of minutes: more than 0, or `least` and more. */
export const minutes = (initial: number, least = Number.MIN_VALUE): Flag<number> =>
  flag(initial, Number, (value) => value >= least, "a number of minutes")

/** The seed that all chance of a run comes from; another one each time where none is given. */
export const seed = (): Flag<number> =>
  flag(Date.now() % 1_000_000, Number, Number.isSafeInteger, "a whole number")

/** A flag without a value: true where it is there. */
export const present: Flag<boolean> = {
  type: "boolean",
  read: (given) => Result.succeed(given !== undefined),
}

export const text = (initial = ""): Flag<string> => flag(initial, String, () => true, "a text")

/** A file or folder; undefined where none is given. */
export const path: Flag<string | undefined> = { type: "string", read: Result.succeed }

/** One or several of the known names, separated by commas; those of `initial` where none is given. */
export const names = <A extends string>(
  known: ReadonlyArray<A>,
  initial: ReadonlyArray<A> = known,
): Flag<ReadonlyArray<A>> => ({
  type: "string",
  read: (given) => {
    const named = (given ?? "").split(",").filter((name) => name !== "")
    if (named.length === 0) return Result.succeed(initial)
    const unknown = named.find((name) => !known.some((one) => one === name))
    return unknown === undefined
      ? Result.succeed(known.filter((name) => named.includes(name)))
      : Result.fail(`one or several of ${known.join()}, not "${unknown}"`)
  },
})

/** What is wrong with a command line, and how it is written. */
export class UsageError extends Error {}

/**
 * The values of all flags, and the arguments that are none. Throws a `UsageError` for an unknown flag, or a value that its
 * flag does not take.
 */
export const readArguments = <F extends Flags>(usage: string, flags: F, args: ReadonlyArray<string>) => {
  const refuse = (why: string): never => {
    throw new UsageError(`${why}\n${usage}`)
  }
  const options = Object.fromEntries(Object.entries(flags).map(([name, { type }]) => [name, { type }]))
  const parsed = () => {
    try {
      return parseArgs({ args: [...args], allowPositionals: true, options })
    } catch (cause) {
      return refuse(cause instanceof Error ? cause.message : String(cause))
    }
  }
  const { values, positionals } = parsed()
  const read = Object.entries(flags).map(([name, one]) => {
    const given = values[name]
    const value = one.read(given === undefined ? undefined : String(given))
    return [name, Result.isSuccess(value) ? value.success : refuse(`--${name}: ${value.failure}`)] as const
  })
  // Each flag has read its own value.
  return { values: Object.fromEntries(read) as Values<F>, positionals }
}
