/**
 * The built program as a child process, as a person runs it. It gets the environment that a test gives it and nothing
 * of ours: a `DATABASE_URL` or a `.env` of whoever runs the tests must not decide anything.
 *
 *     const { code, stderr } = yield* runProgram(["full"], { DATABASE_URL: …, LAKE_URL: … })
 */
import { type ChildProcess, spawn } from "node:child_process"
import { homedir, tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { type Duration, Effect, type Scope } from "effect"
import { eventually } from "../eventually.ts"

/** What `npm run build` made. */
export const main = fileURLToPath(new URL("../../../dist/main.js", import.meta.url))
/** A folder without `.env`. */
const quietFolder = fileURLToPath(new URL(".", import.meta.url))

/** Longer than the 30 s for which the program waits for what is out of reach, and less than a test may take. */
const usualDeadline: Duration.Input = "50 seconds"

export interface Outcome {
  /** None where a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningProgram {
  readonly pid: number
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Waits until its log or output holds the text, and dies where it ends or takes too long without. */
  readonly says: (text: string) => Effect.Effect<void>
  /** Waits in the same way for what it does to the world. */
  readonly brings: <E, R>(what: string, condition: Effect.Effect<boolean, E, R>) => Effect.Effect<void, E, R>
  /** What it has said so far. */
  readonly told: Effect.Effect<Pick<Outcome, "stdout" | "stderr">>
  /** Waits for its end. */
  readonly outcome: Effect.Effect<Outcome>
}

export type Environment = Readonly<Record<string, string>>

const surroundings: Environment = {
  PATH: process.env["PATH"] ?? "",
  HOME: homedir(),
  TMPDIR: tmpdir(),
}

/** Runs until it ends by itself, and is killed with the scope. */
export const startProgram = (
  args: ReadonlyArray<string>,
  environment: Environment,
  workingFolder = quietFolder,
  program = main,
  deadline: Duration.Input = usualDeadline,
): Effect.Effect<RunningProgram, never, Scope.Scope> =>
  Effect.gen(function* () {
    const spawned = (): ChildProcess =>
      spawn(process.execPath, [program, ...args], {
        cwd: workingFolder,
        env: { ...surroundings, ...environment },
        stdio: ["ignore", "pipe", "pipe"],
      })
    const child = yield* Effect.acquireRelease(Effect.sync(spawned), (made) =>
      Effect.sync(() => made.kill("SIGKILL")),
    )
    const told = { stdout: "", stderr: "" }
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        told[name] += text
      })
    }
    // `close` comes after the last byte of its output, `exit` may come before.
    let ended: Outcome | undefined
    child.on("close", (code) => {
      ended = { code, ...told }
    })
    const within = <E, R>(what: string, condition: Effect.Effect<boolean, E, R>) =>
      eventually(what, condition, deadline).pipe(
        Effect.catchDefect((defect) => Effect.die(new Error(`${defect}\n${told.stdout}${told.stderr}`))),
      )
    const brings: RunningProgram["brings"] = (what, condition) =>
      within(
        what,
        Effect.gen(function* () {
          // Asked before the condition, which its last act may have fulfilled.
          const outcome = ended
          const holds = yield* condition
          return outcome !== undefined && !holds
            ? yield* Effect.die(new Error(`the program ended with ${outcome.code} before: ${what}`))
            : holds
        }),
      )
    return {
      pid: child.pid ?? 0,
      signal: (signal) => Effect.sync(() => child.kill(signal)),
      brings,
      told: Effect.sync(() => ({ ...told })),
      says: (text) =>
        brings(
          `the program says "${text}"`,
          Effect.sync(() => told.stdout.includes(text) || told.stderr.includes(text)),
        ),
      outcome: within(
        "the program ends",
        Effect.sync(() => ended !== undefined),
      ).pipe(Effect.map(() => ended ?? { code: null, ...told })),
    }
  })

/** Runs it to its end. */
export const runProgram = (
  args: ReadonlyArray<string>,
  environment: Environment,
  workingFolder?: string,
  program?: string,
  deadline?: Duration.Input,
): Effect.Effect<Outcome> =>
  Effect.scoped(
    Effect.flatMap(
      startProgram(args, environment, workingFolder, program, deadline),
      (running) => running.outcome,
    ),
  )
