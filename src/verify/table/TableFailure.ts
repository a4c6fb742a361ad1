/** Keeps the failure of one table from hiding the verdict on the others. */
import { Cause, Effect, Exit, Option, Result, Runtime, Stream } from "effect"
import { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { StoreError } from "../../services/lake/StoreError.ts"

/** Why one table could not be compared. */
export interface TableFailure {
  /** A message with its next action. */
  readonly why: string
  /** The exit code that it asks for: 1, 2 or 3. */
  readonly exit: number
}

export const failureOf = (cause: Cause.Cause<unknown>): TableFailure => {
  const error = Cause.squash(cause)
  // A defect is a bug of ours: its stack is printed.
  const why = Cause.hasDies(cause) || !(error instanceof Error) ? Cause.pretty(cause) : error.message
  return { why, exit: Runtime.getErrorExitCode(error) }
}

const lakeIsGone = (cause: Cause.Cause<unknown>): boolean => {
  const error = Cause.squash(cause)
  return error instanceof StoreError && error.reason === "Unreachable"
}

export interface Containment {
  /**
   * Returns the result of the work for one table, or its failure. Passes an interruption on. Once the lake is unreachable
   * nothing more is tried: each table would wait as long as the first one did.
   */
  readonly contain: <A, E, R>(
    work: Effect.Effect<A, E, R>,
  ) => Effect.Effect<Result.Result<A, TableFailure>, never, R | ObjectStore>
}

/** Creates one for a run: once one table finds the lake unreachable, the others fail at once. */
export const containment = (): Containment => {
  let gone = Option.none<TableFailure>()
  const answers = Effect.gen(function* () {
    const { list } = yield* ObjectStore
    return Exit.isSuccess(yield* Effect.exit(Stream.runHead(list("inc/"))))
  })
  return {
    contain: Effect.fnUntraced(function* (work) {
      if (Option.isSome(gone)) return Result.fail(gone.value)
      const exit = yield* Effect.exit(work)
      if (Exit.isSuccess(exit)) return Result.succeed(exit.value)
      if (Cause.hasInterruptsOnly(exit.cause)) return yield* Effect.interrupt
      const failure = failureOf(exit.cause)
      // One object that cannot be read says nothing about the others.
      if (lakeIsGone(exit.cause) && !(yield* answers)) gone = Option.some(failure)
      return Result.fail(failure)
    }),
  }
}
