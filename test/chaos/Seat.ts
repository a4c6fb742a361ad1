/**
 * A place where one `cdc` runs at a time, behind a proxy to PostgreSQL and one to the store, which tell what passes. A
 * kill can be tied to the n-th passing of a moment: then the process is dead before the proxy goes on.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { type Moment, type Phase, phaseAfter, phases } from "./steps.ts"

export interface Death {
  readonly phase: Phase
  readonly at: number
  /** The moment that set it off, or none where only the time did. */
  readonly trigger: Moment | undefined
}

export interface UnexpectedEnd {
  readonly seat: string
  readonly code: number | null
  readonly log: string
}

/** How much of a process's log is kept, for the one that ends by itself. */
const logLines = 15

export class Seat {
  #child: ChildProcess | undefined
  #armed: { moment: Moment; skip: number; onDeath: (death: Death) => void } | undefined
  #log: Array<string> = []
  phase: Phase = phases[0]
  /** Counts the processes: a connection of one that is dead must not speak for its successor. */
  generation = 0
  starts = 0
  batches = 0
  /** This process has asked for the writer's lock: it is the writer, or its standby. */
  hasAsked = false

  readonly name: string
  readonly #program: string
  readonly #environment: Readonly<Record<string, string>>
  readonly #onUnexpectedEnd: (end: UnexpectedEnd) => void

  constructor(
    name: string,
    program: string,
    environment: Readonly<Record<string, string>>,
    onUnexpectedEnd: (end: UnexpectedEnd) => void,
  ) {
    this.name = name
    this.#program = program
    this.#environment = environment
    this.#onUnexpectedEnd = onUnexpectedEnd
  }

  get isRunning(): boolean {
    return this.#child !== undefined
  }

  /** Runs and has the lock, as far as can be seen. */
  get isWriter(): boolean {
    return this.isRunning && this.phase !== phases[0]
  }

  /** The last lines that its processes logged. */
  get log(): string {
    return this.#log.join("\n")
  }

  start(settings: Readonly<Record<string, string>>): void {
    this.generation++
    this.starts++
    this.phase = phases[0]
    this.hasAsked = false
    const child = spawn(process.execPath, [this.#program, "cdc"], {
      env: { PATH: process.env["PATH"] ?? "", ...this.#environment, ...settings },
      cwd: this.#environment["TMPDIR"],
      stdio: ["ignore", "ignore", "pipe"],
    })
    this.#child = child
    this.#log.push(`-- ${this.name} started, process ${child.pid}`)
    child.stderr.setEncoding("utf8").on("data", (text: string) => this.#hear(text))
    child.on("exit", (code, signal) => {
      if (this.#child !== child) return
      this.#child = undefined
      if (signal === null && code !== 0) this.#onUnexpectedEnd({ seat: this.name, code, log: this.log })
    })
  }

  #hear(text: string): void {
    this.batches += text.split("cdc: batch written").length - 1
    this.#log = [...this.#log, ...text.trimEnd().split("\n")].slice(-logLines)
  }

  /** Asks for its end in good order; none where it had to be killed after all. */
  async end(withinMillis: number): Promise<number | null> {
    const child = this.#child
    if (child === undefined) return 0
    this.#child = undefined
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve))
    child.kill("SIGTERM")
    const timer = setTimeout(() => child.kill("SIGKILL"), withinMillis)
    return ended.finally(() => clearTimeout(timer))
  }

  /** Nothing of ours runs between the signal and the process's end. */
  kill(trigger?: Moment): Death | undefined {
    const child = this.#child
    if (child === undefined) return undefined
    child.kill("SIGKILL")
    this.#child = undefined
    this.#log.push(`-- killed in "${this.phase}" by ${trigger ?? "the clock"}`)
    const death = { phase: this.phase, at: performance.now(), trigger }
    this.#armed?.onDeath(death)
    this.#armed = undefined
    return death
  }

  /** Ties the next kill to a moment, after as many of its kind as `skip` says. */
  arm(moment: Moment, skip: number): Promise<Death> {
    return new Promise((onDeath) => {
      this.#armed = { moment, skip, onDeath }
    })
  }

  disarm(): void {
    this.#armed = undefined
  }

  /** A proxy saw something of the process of this generation. True where that process is dead, perhaps by this. */
  passes(moment: Moment, generation: number): boolean {
    if (generation !== this.generation || this.#child === undefined) return true
    if (moment === "lockAsked") this.hasAsked = true
    this.phase = phaseAfter(moment, this.phase)
    if (this.#armed?.moment !== moment || this.#armed.skip-- > 0) return false
    this.kill(moment)
    return true
  }
}
