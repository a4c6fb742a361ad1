/** All `cdc` processes of a run, each behind its own proxies: who writes, who waits, who is frozen, and what passed. */
import { setTimeout } from "node:timers/promises"
import type { Lake, Settings } from "../lake/Lake.ts"
import { type SourceProxy, startSourceProxy } from "../network/sourceProxy.ts"
import { type StoreProxyOptions, startStoreProxy } from "../network/storeProxy.ts"
import { type Moment, phases, type StepName } from "../steps.ts"
import { counted, HeldRequests } from "../strike/HeldRequests.ts"
import type { StoreTrouble } from "../strike/StoreTrouble.ts"
import { CdcProcess } from "./CdcProcess.ts"

export interface PoolOptions {
  readonly program: string
  readonly lake: Lake
  readonly serverPort: number
  /** For a program that reaches PostgreSQL at this port. */
  readonly settings: (port: number) => Settings
  readonly trouble: StoreTrouble
  /** Where ends that nobody asked for are reported. */
  readonly failures: Array<string>
}

/** Ties an act to a moment of whichever process passes it, after as many of its kind as `skip` says. */
interface Trap {
  readonly moment: Moment
  skip: number
  readonly spring: (process: CdcProcess) => void
}

/** After so many ends and waits that must not be, the rest would only repeat them. */
export const enoughFailures = 3

/** An exit code that says: a person must change something first. Right while the store denies everything. */
const needsAPerson = 2

export class ProcessPool {
  readonly held: HeldRequests
  /** Requests of processes after whose take-over another one had become the writer, by step and the store's answer. */
  readonly formerWriters = new Map<StepName, Map<string, number>>()
  starts = 0
  deniedEnds = 0
  readonly #options: PoolOptions
  readonly #living = new Map<CdcProcess, SourceProxy>()
  readonly #listeners = new Set<(process: CdcProcess, moment: Moment) => void>()
  #batches = 0
  #trap: Trap | undefined
  #lastSettings: Settings = {}
  #lastTakeOver: { readonly by: CdcProcess; readonly at: number } | undefined
  #isClosing = false
  #giveUp = () => {}
  /** Resolves when so many processes have ended as they must not that the run is over. */
  readonly givenUp = new Promise<void>((resolve) => {
    this.#giveUp = resolve
  })

  constructor(options: PoolOptions) {
    this.#options = options
    this.held = new HeldRequests((from, since) => this.hasTakenOver(from, since))
    // Nobody of ours outlives the run, above all no one that is frozen.
    process.once("exit", () => {
      for (const one of this.living) one.kill()
    })
  }

  get living(): ReadonlyArray<CdcProcess> {
    return [...this.#living.keys()].filter((process) => !process.isEnded)
  }
  get running(): ReadonlyArray<CdcProcess> {
    return this.living.filter((process) => process.isRunning)
  }
  get batches(): number {
    return this.living.reduce((sum, { batches }) => sum + batches, this.#batches)
  }
  /** The one that writes, else one that is on its way to. */
  get writer(): CdcProcess | undefined {
    return this.running.find((process) => process.isWriter) ?? this.running[0]
  }

  /** Whether a process other than this one has become the writer since. */
  hasTakenOver(from: CdcProcess, since: number): boolean {
    return (
      this.#lastTakeOver !== undefined && this.#lastTakeOver.by !== from && this.#lastTakeOver.at >= since
    )
  }

  /** With the settings of the process before. */
  startAgain(): Promise<CdcProcess> {
    return this.start(this.#lastSettings)
  }

  async start(settings: Settings): Promise<CdcProcess> {
    const { lake, program, serverPort, trouble } = this.#options
    this.#lastSettings = settings
    const name = `cdc ${++this.starts}`
    // Connections come only once the process runs.
    const own = (): CdcProcess => started
    const source = await startSourceProxy(own, serverPort)
    const store =
      lake.endpoint &&
      (await startStoreProxy({ process: own, endpoint: lake.endpoint, ...this.#storeEvents(trouble) }))
    const environment = {
      ...this.#options.settings(source.port),
      ...lake.settings(store && `http://127.0.0.1:${store.port}`),
      ...settings,
    }
    const close = (ended: CdcProcess) => {
      if (!this.#living.delete(ended)) return
      this.#batches += ended.batches
      source.close()
      store?.close()
    }
    const started = new CdcProcess(name, program, environment, {
      onMoment: (passing, moment) => this.#pass(passing, moment),
      onEnd: (ended, code) => {
        close(ended)
        this.#endedByItself(ended, code)
      },
      onGone: close,
    })
    this.#living.set(started, source)
    return started
  }

  #storeEvents(trouble: StoreTrouble): Pick<StoreProxyOptions, "held" | "trouble" | "onAnswer"> {
    return {
      held: this.held,
      trouble,
      onAnswer: (sender, step, answer) => {
        if (!this.hasTakenOver(sender, sender.writerSince ?? sender.startedAt)) return
        const answers = this.formerWriters.get(step) ?? new Map<string, number>()
        this.formerWriters.set(step, answers)
        counted(answers, answer)
      },
    }
  }

  #endedByItself(process: CdcProcess, code: number | null): void {
    if (code === needsAPerson && process.wasDenied) this.deniedEnds++
    else this.#options.failures.push(`${process.name} ended by itself with ${code}\n${process.log}`)
    // As a service manager does. Those that were killed are started again by who killed them.
    if (this.#options.failures.length >= enoughFailures) this.#giveUp()
    setTimeout(300).then(() => {
      if (!this.#isClosing && this.#options.failures.length < enoughFailures && this.running.length === 0)
        void this.startAgain()
    })
  }

  #pass(process: CdcProcess, moment: Moment): void {
    if (process.phase !== phases[0] && process.writerSince !== undefined) {
      if (this.#lastTakeOver === undefined || process.writerSince > this.#lastTakeOver.at)
        this.#lastTakeOver = { by: process, at: process.writerSince }
    }
    for (const listener of [...this.#listeners]) listener(process, moment)
    const trap = this.#trap
    if (trap?.moment !== moment || !process.isRunning || trap.skip-- > 0) return
    this.#trap = undefined
    trap.spring(process)
  }

  /** The next process that passes this moment. `act` is done before anything goes on. */
  trap(moment: Moment, skip: number, act: (process: CdcProcess) => void): Promise<CdcProcess> {
    return new Promise((resolve) => {
      this.#trap = {
        moment,
        skip,
        spring: (process) => {
          act(process)
          resolve(process)
        },
      }
    })
  }
  disarm(): void {
    this.#trap = undefined
    this.held.forget()
  }

  /** Resolves when a process other than this one passes the moment. */
  whenOther(than: CdcProcess, moment: Moment): Promise<void> {
    return new Promise((resolve) => {
      const listener = (process: CdcProcess, passed: Moment) => {
        if (process === than || passed !== moment) return
        this.#listeners.delete(listener)
        resolve()
      }
      this.#listeners.add(listener)
    })
  }

  /** What a folder shows is not known to be of a process: it is taken for the writer's. */
  seenInFolder(moment: Moment): void {
    this.writer?.passes(moment)
  }

  cut(process: CdcProcess): void {
    this.#living.get(process)?.cut()
  }

  /** Asks one to end in good order, and reports where it does not. */
  async dismiss(process: CdcProcess): Promise<void> {
    const code = await process.end(40_000)
    if (code === 0 || (code === needsAPerson && process.wasDenied)) return
    if (process.isStarting && process.signal === "SIGTERM") return
    const ending = code ?? `${process.signal}, after 40 s where that is SIGKILL`
    this.#options.failures.push(`${process.name} was asked to stop and ended with ${ending}\n${process.log}`)
  }

  async close(): Promise<void> {
    this.#isClosing = true
    await Promise.all(this.living.map((process) => this.dismiss(process)))
  }
}
