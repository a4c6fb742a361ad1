/** A tool that `node tools/run.mjs NAME` runs: its command line, and the work that it does. */
import { Effect } from "effect"
import { type Flags, readArguments, UsageError, type Values } from "./Arguments.ts"

/** Where a tool finds what it runs and writes what it found. */
export interface Place {
  /** The project's folder. */
  readonly root: string
  /** The built program: a copy, which a build made meanwhile does not change. */
  readonly program: string
  /** The folder of another PostgreSQL than the installed one, where `--postgres` names a version. */
  readonly postgres: string | undefined
}

interface Definition<F extends Flags> {
  /** How its command line is written. */
  readonly usage: string
  readonly flags: F
  /** False where the tool found what it looks for. */
  readonly run: (values: Values<F>, place: Place, positionals: ReadonlyArray<string>) => Promise<boolean>
}

/** Runs the tool. Returns the process's exit code: 0, 1, or 130 where it was interrupted. */
export type Main = (args: ReadonlyArray<string>, place: Place) => Promise<number>

export const tool =
  <F extends Flags>({ usage, flags, run }: Definition<F>): Main =>
  async (args, place) => {
    try {
      const { values, positionals } = readArguments(usage, flags, args)
      return (await run(values, place, positionals)) ? 0 : 1
    } catch (cause) {
      if (cause instanceof Interrupted) return 130
      console.error(cause instanceof UsageError ? cause.message : cause)
      return 1
    }
  }

class Interrupted extends Error {}

/** Runs an effect; Ctrl-C interrupts it, and what it started ends with it. */
export const runInterruptibly = async <A, E>(effect: Effect.Effect<A, E>): Promise<A> => {
  const stop = new AbortController()
  const abort = () => stop.abort()
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, abort)
  try {
    return await Effect.runPromise(effect, { signal: stop.signal })
  } catch (cause) {
    throw stop.signal.aborted ? new Interrupted() : cause
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"]) process.removeListener(signal, abort)
  }
}
