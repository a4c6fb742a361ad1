/**
 * A small process between us and PostgreSQL, so that no server outlives us. When we end, also by `kill -9`, the pipe to its
 * standard input ends, and it stops the server. It is plain Node (no shell, no signal groups).
 */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { Readable } from "node:stream"
import { Effect } from "effect"
import type { Account } from "./EmbeddedAccount.ts"
import { cannotRun, EmbeddedPostgresError, fileFailure } from "./EmbeddedPostgresError.ts"

export interface ServerCommand {
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
  /** A folder that `account` may enter, because PostgreSQL reads its working folder. */
  readonly workingFolder: string
  /** The account that runs the program; absent: our own. */
  readonly account?: Account | undefined
  /** A folder to delete after the server has stopped, if we have ended before. */
  readonly scratch?: string | undefined
  readonly onLog?: ((line: string) => void) | undefined
}

/** A running server process. */
export interface Supervised {
  readonly pid: number
  readonly isRunning: () => boolean
  /** SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one (like a crash). Waits until the process has ended. */
  readonly end: (signal: "SIGINT" | "SIGQUIT") => Effect.Effect<void>
}

/**
 * Runs in the supervisor. A fast shutdown that hangs (a reader that does not answer) becomes an immediate one after 15 s and a
 * kill after 10 s more: a recovery at the next start is better than a server that stays.
 */
const supervisor = `
const { spawn } = require("node:child_process")
const { rmSync } = require("node:fs")
const { program, args, account, scratch, environment } = JSON.parse(process.argv[1])
const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"], env: environment, windowsHide: true, ...account })
let alone = false
const end = (signal) => {
  child.kill(signal)
  if (signal === "SIGINT") setTimeout(() => end("SIGQUIT"), 15000)
  if (signal === "SIGQUIT") setTimeout(() => child.kill("SIGKILL"), 10000)
}
process.stdout.on("error", () => {})
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => end("SIGINT"))
process.stdin.on("data", (text) => end(String(text).trim()))
process.stdin.on("end", () => { alone = true; end("SIGINT") })
process.stdin.on("error", () => { alone = true; end("SIGINT") })
child.on("spawn", () => process.stdout.write(child.pid + "\\n"))
child.on("error", (error) => { process.stdout.write(error.code + "\\n"); process.exitCode = 1; process.stdin.destroy() })
child.on("exit", (code, signal) => {
  if (alone && scratch) try { rmSync(scratch, { recursive: true, force: true }) } catch {}
  process.exit(code ?? 1)
})
`

/** `read-only`: the folder of a standby. */
const ready = /database system is ready to accept (read-only )?connections/

/** Log lines in a failure. */
const tailLines = 20

const startFailure = (said: string, log: ReadonlyArray<string>, program: string): EmbeddedPostgresError => {
  const tail = log.join("\n")
  // The supervisor prints an error code if there is no process id.
  if (/^[A-Z]/.test(said)) return cannotRun(program, said)
  if (/could not bind/.test(tail)) {
    return new EmbeddedPostgresError({ reason: "Port", detail: "its port is taken", log: tail })
  }
  if (/lock file ".*" already exists|pre-existing shared memory block/.test(tail)) {
    return new EmbeddedPostgresError({ reason: "FolderInUse", detail: "its folder is in use", log: tail })
  }
  return new EmbeddedPostgresError({ reason: "Start", detail: "it ended before it was ready", log: tail })
}

const supervise = (command: ServerCommand): ChildProcess => {
  const { program, args, account, scratch, environment } = command
  const facts = JSON.stringify({ program, args, account, scratch, environment })
  return spawn(process.execPath, ["-e", supervisor, facts], {
    // A process group of its own: Ctrl-C in the terminal reaches only us, and we stop the server properly.
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    cwd: command.workingFolder,
    env: { ...environment },
    windowsHide: true,
  })
}

const running = (child: ChildProcess, pid: number, ended: Promise<void>): Supervised => {
  const isRunning = () => child.exitCode === null && child.signalCode === null
  return {
    pid,
    isRunning,
    end: (signal) =>
      Effect.promise(() => {
        if (isRunning()) child.stdin?.write(`${signal}\n`)
        return ended
      }),
  }
}

/** Starts the server and waits until it accepts connections. An interruption stops it. */
export const launch = (command: ServerCommand): Effect.Effect<Supervised, EmbeddedPostgresError> =>
  Effect.callback((resume) => {
    const child = supervise(command)
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
    const log: Array<string> = []
    let said = ""
    let isReady = false
    // Two pipes, whose order is not certain.
    const settle = () => {
      if (isReady && /^\d+\n/.test(said))
        resume(Effect.succeed(running(child, Number.parseInt(said, 10), ended)))
    }
    child.stdout?.on("data", (bytes) => {
      said += String(bytes)
      settle()
    })
    // Read as long as the server runs: it would block once the pipe of its log is full.
    createInterface(child.stderr ?? Readable.from([])).on("line", (line) => {
      command.onLog?.(line)
      log.push(line)
      if (log.length > tailLines) log.shift()
      isReady ||= ready.test(line)
      settle()
    })
    // The supervisor may have ended when we write to it; its exit is reported below.
    child.stdin?.on("error", () => {})
    child.once("error", (cause) =>
      resume(Effect.fail(fileFailure("Binaries", `${process.execPath} cannot be run`)(cause))),
    )
    // `close`, not `exit`: only then has everything in the log been read.
    child.once("close", () => resume(Effect.fail(startFailure(said.trim(), log, command.program))))
    return Effect.promise(() => {
      child.stdin?.end()
      return ended
    })
  })
