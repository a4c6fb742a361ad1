/** One failure: provoked, told by the program, and mended by what the program told. */
import { Cause, Effect, Exit, type Scope } from "effect"
import type { Operator } from "./world/Operator.ts"

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

export interface Verdict {
  readonly title: string
  /** Why it is not mended; none where it is. */
  readonly trouble: string | undefined
}

/** `attempt` answers its trouble, and may die of it. */
export const judged = Effect.fn("judged")(function* (
  { transcript }: Operator,
  title: string,
  attempt: Effect.Effect<string | undefined, never, Scope.Scope>,
) {
  transcript.heading(title, 3)
  const exit = yield* Effect.exit(Effect.scoped(attempt))
  const trouble = Exit.isSuccess(exit) ? exit.value : Cause.pretty(exit.cause)
  if (trouble !== undefined) transcript.say(`**Not mended: ${trouble}**`)
  return { title, trouble } satisfies Verdict
})

export const tryOut = (operator: Operator, failure: Failure) =>
  judged(
    operator,
    failure.title,
    Effect.gen(function* () {
      const { transcript, run } = operator
      transcript.say(failure.wrong)
      yield* failure.provoke
      const before = yield* run(...failure.command.split(" "))
      const found = failure.words.exec(before.stdout + before.stderr)
      if (before.code !== failure.code) return `ended with ${before.code} instead of ${failure.code}`
      if (found === null) return `does not say ${failure.words}`
      transcript.say("Done, as it says:")
      yield* failure.mend(...found.slice(1))
      const after = yield* run(...(failure.again ?? failure.command).split(" "))
      if (after.code !== 0) return `is not mended by it: exit ${after.code}`
      const left = failure.gone?.exec(after.stdout + after.stderr)
      return left ? `still says "${left[0]}"` : undefined
    }),
  )
