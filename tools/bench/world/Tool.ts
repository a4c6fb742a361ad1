/** The built program as its user runs it, and what a run cost. */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Deferred, Effect, Schema, type Scope } from "effect"
import type { Environment } from "../../../test/support/program/program.ts"

/** This build's program. */
export const thisBuild = fileURLToPath(new URL("../../../dist/main.js", import.meta.url))
const usageAtExit = fileURLToPath(new URL("../../../tools/bench/world/usageAtExit.cjs", import.meta.url))
/** A folder without `.env`. */
const quietFolder = fileURLToPath(new URL(".", import.meta.url))

export interface ToolRun {
  /** From the start of the process to its end. */
  readonly seconds: number
  /** User and system, of this process alone. */
  readonly cpuSeconds: number
  /** The largest resident set. */
  readonly peakBytes: number
  /** What it logged. */
  readonly told: string
}

const Usage = Schema.fromJsonString(Schema.Struct({ cpuSeconds: Schema.Number, peakBytes: Schema.Number }))

export interface RunningTool {
  /** Asks it to finish the batch in hand and end. */
  readonly stop: Effect.Effect<void>
  /** Its end; dies with its log where that is not a success. */
  readonly ended: Effect.Effect<ToolRun>
}

/** Runs until it ends by itself, and is killed with the scope. */
export const startTool = (
  args: ReadonlyArray<string>,
  environment: Environment,
  main: string = thisBuild,
): Effect.Effect<RunningTool, never, Scope.Scope> =>
  Effect.gen(function* () {
    const startedAt = performance.now()
    const spawned = () =>
      spawn(process.execPath, ["--require", usageAtExit, main, ...args], {
        cwd: quietFolder,
        env: {
          PATH: process.env["PATH"] ?? "",
          TMPDIR: process.env["TMPDIR"] ?? "",
          LOG_FORMAT: "logfmt",
          ...environment,
        },
        stdio: ["ignore", "pipe", "pipe", "pipe"],
      })
    const child = yield* Effect.acquireRelease(Effect.sync(spawned), (made) =>
      Effect.sync(() => made.kill("SIGKILL")),
    )
    let seconds = 0
    let told = ""
    let usage = ""
    const [, stdout, stderr, used] = child.stdio
    for (const stream of [stdout, stderr]) stream?.on("data", (bytes: Buffer) => (told += bytes.toString()))
    used?.on("data", (bytes: Buffer) => (usage += bytes.toString()))
    child.on("exit", () => {
      seconds = (performance.now() - startedAt) / 1000
    })
    const closed = Deferred.makeUnsafe<number | null>()
    child.on("close", (code) => Deferred.doneUnsafe(closed, Effect.succeed(code)))
    const ended = Effect.gen(function* () {
      const code = yield* Deferred.await(closed)
      if (code !== 0) return yield* Effect.die(new Error(`${args.join(" ")} ended with ${code}:\n${told}`))
      return { seconds, told, ...(yield* Effect.orDie(Schema.decodeEffect(Usage)(usage))) }
    })
    return { stop: Effect.sync(() => child.kill("SIGTERM")), ended }
  })

/** Runs it to its end. `main` is the `dist/main.js` of the build. */
export const runTool = (
  args: ReadonlyArray<string>,
  environment: Environment,
  main: string = thisBuild,
): Effect.Effect<ToolRun> =>
  Effect.scoped(Effect.flatMap(startTool(args, environment, main), ({ ended }) => ended))
