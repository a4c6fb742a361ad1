/** Carries out the strike of a round: kills, freezes, holds a request back, or takes the writer's session away. */
import { setTimeout } from "node:timers/promises"
import type { Round } from "../plan.ts"
import type { CdcProcess } from "../process/CdcProcess.ts"
import type { ProcessPool } from "../process/ProcessPool.ts"
import type { Source } from "../source/Source.ts"
import type { Moment } from "../steps.ts"
import type { Tally } from "../Tally.ts"
import { counted, type HeldRequest } from "./HeldRequests.ts"
import type { Fate, Release, Strike } from "./strikes.ts"
import { until, within } from "./timing.ts"

/**
 * Longer than anything takes: back-off after a crash, requests that time out, and the lock of an object that MinIO keeps
 * for 30 s after a conditional PUT has stopped in its middle.
 */
export const hangMillis = 180_000

/** A writer of small batches that lags so far behind is replaced by one that reads all at once. */
const slowMillis = 20_000

/** No request is held for longer. */
const longestHold = 60_000

/** So many processes are frozen at once. */
const mostFrozen = 4

type Of<D extends Strike["do"]> = Extract<Strike, { readonly do: D }>

export class Striker {
  readonly #pool: ProcessPool
  readonly #source: Source
  readonly #tally: Tally
  readonly #background = new Set<Promise<void>>()
  readonly #hurry = new AbortController()

  constructor(pool: ProcessPool, source: Source, tally: Tally) {
    this.#pool = pool
    this.#source = source
    this.#tally = tally
  }

  /** The process that lost its place; none where nothing was struck. */
  strike({ strike, victim }: Round): Promise<CdcProcess | undefined> {
    counted(this.#tally.acts, strike.do)
    switch (strike.do) {
      case "kill":
        return this.#kill(strike, victim)
      case "hold":
        return this.#hold(strike)
      case "freeze":
        return this.#freeze(strike)
      case "session":
        return this.#session(strike)
    }
  }

  #slay(process: CdcProcess | undefined, tied: boolean): void {
    if (process === undefined || process.isEnded) return
    process.kill()
    this.#tally.kill(process.phase, tied)
  }

  async #kill({ moment, skip, afterMillis }: Of<"kill">, victim: Round["victim"]) {
    if (victim === "standby") {
      const waiting = this.#pool.running.find((process) => !process.isWriter)
      this.#slay(waiting, false)
      return waiting
    }
    if (moment !== undefined && !(moment === "lockAsked" && this.#pool.writer?.hasAsked === true)) {
      return this.#tied(moment, skip, (process) => this.#slay(process, true))
    }
    await setTimeout(moment === undefined ? afterMillis : 0)
    const { writer } = this.#pool
    this.#slay(writer, false)
    return writer
  }

  /** Acts on the process that passes a moment; on the writer where none does in time, which is reported. */
  async #tied(moment: Moment, skip: number, act: (process: CdcProcess) => void) {
    return this.#patiently(`no ${moment}`, this.#pool.trap(moment, skip, act))
  }

  /** Undefined where it did not come in time, which is reported. Before that the writer is replaced. */
  async #patiently<A>(what: string, awaited: Promise<A>): Promise<A | undefined> {
    const { givenUp } = this.#pool
    let isGivenUp = false
    const noted = givenUp.then(() => {
      isGivenUp = true
      return undefined
    })
    const orGivenUp = Promise.race([awaited, noted])
    let came = await within(slowMillis, orGivenUp)
    if (came === undefined && !isGivenUp) {
      const { writer } = this.#pool
      this.#slay(writer, false)
      if (this.#pool.running.length === 0) await this.#pool.startAgain()
      came = await within(hangMillis, orGivenUp)
    }
    this.#pool.disarm()
    if (came === undefined && !isGivenUp) this.#hang(what)
    return came
  }

  #hang(what: string): void {
    const { writer } = this.#pool
    this.#tally.hangs.push(
      `${what} within ${hangMillis / 1000} s; the writer was at "${writer?.phase}"\n${writer?.log}`,
    )
    writer?.kill()
  }

  async #hold({ step, skip, fate, release }: Of<"hold">) {
    const request = await this.#patiently(`no ${step} to hold`, this.#pool.held.want(step, skip))
    if (request === undefined) return undefined
    counted(this.#tally.fates, fate)
    const letGo = this.#letGo(request, release)
    await this.#meet(fate, request.sender)
    if (fate === "none") await letGo
    else this.#behind(letGo)
    return fate === "none" ? undefined : request.sender
  }

  async #letGo(request: HeldRequest, { after, delayMillis }: Release): Promise<void> {
    if (after !== "fate") await this.#rest(longestHold, this.#pool.whenOther(request.sender, after))
    const left = request.heldAt + longestHold - performance.now()
    if (delayMillis > 0) await this.#rest(Math.min(delayMillis, left))
    // What hurries leaves the requests to who hurried it.
    if (!this.#hurry.signal.aborted) request.release()
  }

  async #meet(fate: Fate, process: CdcProcess): Promise<void> {
    switch (fate) {
      case "kill":
        return this.#slay(process, true)
      case "freeze":
        return this.#freezeAway(process, 5 + (this.#tally.rounds % 25), 0)
      case "terminate":
        return void (await this.#source.terminateHolder())
      case "restart":
        return this.#source.restart()
      case "cut":
        return this.#pool.cut(process)
      case "none":
        return undefined
    }
  }

  async #freeze({ moment, skip, seconds, terminateAfterMillis }: Of<"freeze">) {
    await until(() => this.#pool.living.filter((process) => process.isFrozen).length < mostFrozen, hangMillis)
    const process = await this.#tied(moment, skip, (passing) => passing.freeze())
    if (process === undefined) return undefined
    if (terminateAfterMillis !== undefined) {
      await this.#freezeAway(process, seconds, terminateAfterMillis)
      return process
    }
    const counts = this.#tally.freeze(process.phase)
    const since = performance.now()
    await this.#rest(seconds * 1000)
    if (this.#pool.hasTakenOver(process, since)) counts.takenOver++
    this.#thaw(process, since)
    return undefined
  }

  /** Ends the frozen process's session, and wakes it behind the rounds that follow. */
  async #freezeAway(process: CdcProcess, seconds: number, terminateAfterMillis: number): Promise<void> {
    process.freeze()
    const since = performance.now()
    const counts = this.#tally.freeze(process.phase)
    await setTimeout(terminateAfterMillis)
    if (await this.#source.terminateHolder()) counts.terminated++
    const waking = async () => {
      await this.#rest(seconds * 1000)
      if (this.#pool.hasTakenOver(process, since)) counts.takenOver++
      this.#thaw(process, since)
    }
    this.#behind(waking())
  }

  #thaw(process: CdcProcess, since: number): void {
    const seconds = (performance.now() - since) / 1000
    this.#tally.frozenSeconds += seconds
    this.#tally.longestFreeze = Math.max(this.#tally.longestFreeze, seconds)
    process.thaw()
  }

  async #session({ moment, skip, how }: Of<"session">) {
    const process = await this.#tied(moment, skip, () => {})
    if (process === undefined) return undefined
    counted(this.#tally.sessions, how)
    await this.#meet(how, process)
    return process
  }

  #behind(work: Promise<void>): void {
    const watched = work.finally(() => this.#background.delete(watched))
    this.#background.add(watched)
  }

  /** Rests, or until something comes, or until all is asked to hurry. */
  async #rest(millis: number, sooner?: Promise<void>): Promise<void> {
    const { signal } = this.#hurry
    const rested = setTimeout(millis, undefined, { signal }).catch(() => {})
    await (sooner === undefined ? rested : Promise.race([rested, sooner]))
  }

  /** Wakes whoever is frozen. What is held back stays so. */
  async finish(): Promise<void> {
    this.#hurry.abort()
    await Promise.all(this.#background)
    for (const process of this.#pool.living) process.thaw()
  }
}
