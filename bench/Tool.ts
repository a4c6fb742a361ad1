/** The built program as its user runs it, and what a run cost. */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Effect, Schema } from "effect"
import type { Environment } from "../test/support/program.ts"

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url))
const usageAtExit = fileURLToPath(new URL("./usageAtExit.cjs", import.meta.url))
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

/** Runs it to its end, and dies with its log where that is not a success. Killed when interrupted. */
export const runTool = (args: ReadonlyArray<string>, environment: Environment): Effect.Effect<ToolRun> =>
  Effect.callback<ToolRun>((resume) => {
    const startedAt = performance.now()
    const child = spawn(process.execPath, ["--require", usageAtExit, main, ...args], {
      cwd: quietFolder,
      env: {
        PATH: process.env["PATH"] ?? "",
        TMPDIR: process.env["TMPDIR"] ?? "",
        LOG_FORMAT: "logfmt",
        ...environment,
      },
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    })
    let seconds = 0
    let told = ""
    let usage = ""
    const [, stdout, stderr, used] = child.stdio
    for (const stream of [stdout, stderr]) stream?.on("data", (bytes: Buffer) => (told += bytes.toString()))
    used?.on("data", (bytes: Buffer) => (usage += bytes.toString()))
    child.on("exit", () => {
      seconds = (performance.now() - startedAt) / 1000
    })
    child.on("close", (code) => {
      if (code !== 0) return resume(Effect.die(new Error(`${args.join(" ")} ended with ${code}:\n${told}`)))
      resume(
        Effect.map(Effect.orDie(Schema.decodeEffect(Usage)(usage)), (decoded) => ({
          seconds,
          told,
          ...decoded,
        })),
      )
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  })
