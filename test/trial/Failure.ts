/** One failure: provoked, told by the program, and mended by what the program told. */
import { Cause, Effect, Exit, type Scope } from "effect"
import type { Operator } from "./Operator.ts"

export interface Failure {
  readonly title: string
  /** What is wrong, in a sentence for the reader. The program does not get it. */
  readonly wrong: string
  readonly provoke: Effect.Effect<unknown, never, Scope.Scope>
  readonly command: string
  readonly code: number
  /** The words that tell what to do. */
  readonly words: RegExp
  /** Does what they tell; gets the groups of `words`, to be used as they stand there. */
  readonly mend: (...groups: ReadonlyArray<string>) => Effect.Effect<unknown, never, Scope.Scope>
  /** What is run when it is mended, and must end with 0. The same command, unless this says otherwise. */
  readonly again?: string
  /** What must not be said any more then. */
  readonly gone?: RegExp
}

/** A mended one by its title, or what went wrong with it. */
export interface Verdict {
  readonly title: string
  readonly trouble: string | undefined
}

/** Long messages are wrapped, and their marks escaped. */
const plain = (text: string) => text.replaceAll('\\"', '"')

export const tryOut = Effect.fn("tryOut")(function* (operator: Operator, failure: Failure) {
  const { transcript } = operator
  transcript.heading(failure.title, 3)
  const attempt = Effect.gen(function* () {
    transcript.say(failure.wrong)
    yield* failure.provoke
    const before = yield* operator.run(...failure.command.split(" "))
    const found = failure.words.exec(plain(before.stdout + before.stderr))
    if (before.code !== failure.code) return `ended with ${before.code} instead of ${failure.code}`
    if (found === null) return `does not say ${failure.words}`
    transcript.say("Done, as it says:")
    yield* failure.mend(...found.slice(1))
    const after = yield* operator.run(...(failure.again ?? failure.command).split(" "))
    if (after.code !== 0) return `is not mended by it: exit ${after.code}`
    const left = failure.gone?.exec(plain(after.stdout + after.stderr))
    return left ? `still says "${left[0]}"` : undefined
  })
  return yield* judged(operator, failure.title, attempt)
})

/** For failures that are no single command: `attempt` answers what went wrong. */
export const judged = Effect.fn("judged")(function* (
  { transcript }: Operator,
  title: string,
  attempt: Effect.Effect<string | undefined, never, Scope.Scope>,
) {
  const exit = yield* Effect.exit(Effect.scoped(attempt))
  const trouble = Exit.isSuccess(exit) ? exit.value : Cause.pretty(exit.cause)
  if (trouble !== undefined) transcript.say(`**Not mended: ${trouble}**`)
  return { title, trouble } satisfies Verdict
})
