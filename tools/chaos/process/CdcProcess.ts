/** One `cdc` as a child process behind proxies of its own, which report what passes. It can be killed and frozen. */
import { type ChildProcess, spawn } from "node:child_process"
import { type Moment, type Phase, phaseAfter, phases } from "../steps.ts"

export interface ProcessEvents {
  /** After phase and marks of the process were brought up to date. */
  readonly onMoment: (process: CdcProcess, moment: Moment) => void
  /** Ended by itself: neither killed nor asked to. */
  readonly onEnd: (process: CdcProcess, code: number | null) => void
  /** Killed or asked to end, and gone. */
  readonly onGone: (process: CdcProcess) => void
}

/** How much of a process's log is kept, for one that ends by itself. */
const logLines = 20
const trailLength = 30

export class CdcProcess {
  readonly name: string
  readonly #child: ChildProcess
  readonly #events: ProcessEvents
  #log: Array<string> = []
  /** What its proxies saw last, each with its second of the process's life. */
  #trail: Array<string> = []
  #state: "running" | "frozen" | "ended" = "running"
  readonly #exited: Promise<number | null>

  phase: Phase = phases[0]
  batches = 0
  readonly startedAt = performance.now()
  /** When it was first seen to work with the lock after it last asked for it. */
  writerSince: number | undefined
  /** This process has asked for the writer's lock: it is the writer, or its standby. */
  hasAsked = false
  /** The signal that ended it, if one did. */
  signal: NodeJS.Signals | null = null
  /** The store refused it something for want of rights: it may end with 2. */
  wasDenied = false
  /** Epoch and position of the last watermark that it sent. */
  lastWatermark: { readonly epoch: string; readonly position: string } | undefined

  constructor(
    name: string,
    program: string,
    environment: Readonly<Record<string, string>>,
    events: ProcessEvents,
  ) {
    this.name = name
    this.#events = events
    const child = spawn(process.execPath, [program, "cdc"], {
      env: { PATH: process.env["PATH"] ?? "", ...environment },
      cwd: environment["TMPDIR"],
      stdio: ["ignore", "ignore", "pipe"],
    })
    this.#child = child
    child.stderr.setEncoding("utf8").on("data", (text: string) => this.#hear(text))
    this.#exited = new Promise((resolve) => {
      child.on("exit", (code, signal) => {
        this.signal = signal
        const wasExpected = this.#state === "ended"
        this.#state = "ended"
        resolve(code)
        if (wasExpected) events.onGone(this)
        else events.onEnd(this, code)
      })
    })
  }

  #hear(text: string): void {
    this.batches += text.split("cdc: batch written").length - 1
    this.#log = [...this.#log, ...text.trimEnd().split("\n")].slice(-logLines)
  }

  get isRunning(): boolean {
    return this.#state === "running"
  }
  get isFrozen(): boolean {
    return this.#state === "frozen"
  }
  get isEnded(): boolean {
    return this.#state === "ended"
  }
  /** Runs and has the lock, as far as can be seen. */
  get isWriter(): boolean {
    return this.isRunning && this.phase !== phases[0]
  }
  /** Nothing of it was seen yet, by its proxies or in its log. Node may still be loading it, and ends at a SIGTERM then. */
  get isStarting(): boolean {
    return this.#trail.length === 0 && this.#log.length === 0
  }
  /** The last lines that it logged. */
  get log(): string {
    const seen = `seen last: ${this.#trail.join(", ")}`
    return [`-- ${this.name}, process ${this.#child.pid}`, ...this.#log, seen].join("\n")
  }

  /** Nothing of ours runs between the signal and the process's end. */
  kill(): void {
    if (this.isEnded) return
    this.#state = "ended"
    this.#child.kill("SIGKILL")
  }

  freeze(): void {
    if (!this.isRunning) return
    this.#state = "frozen"
    this.#child.kill("SIGSTOP")
  }

  thaw(): void {
    if (!this.isFrozen) return
    this.#state = "running"
    this.#child.kill("SIGCONT")
  }

  /** Asks for its end in good order; null where it had to be killed after all. */
  async end(withinMillis: number): Promise<number | null> {
    if (this.isEnded) return 0
    this.thaw()
    this.#state = "ended"
    this.#child.kill("SIGTERM")
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), withinMillis)
    return this.#exited.finally(() => clearTimeout(timer))
  }

  /** Kept for the log of a process that ends or waits as it must not. */
  note(what: string): void {
    const seconds = ((performance.now() - this.startedAt) / 1000).toFixed(1)
    this.#trail = [...this.#trail, `${what} ${seconds}`].slice(-trailLength)
  }

  /** A proxy saw something of this process. True where the process is dead, perhaps by this. */
  passes(moment: Moment): boolean {
    if (this.isEnded) return true
    this.note(moment)
    if (moment === "lockAsked") {
      this.hasAsked = true
      this.writerSince = undefined
    }
    this.phase = phaseAfter(moment, this.phase)
    if (this.phase !== phases[0]) this.writerSince ??= performance.now()
    this.#events.onMoment(this, moment)
    return this.isEnded
  }
}
