/**
 * Requests to the store that were received whole, body included, and are kept back: their sender hears nothing, and the
 * store carries them out later, perhaps after the sender's death and after another writer has taken over.
 */
import type { CdcProcess } from "../process/CdcProcess.ts"
import type { DurableStep, StepName } from "../steps.ts"

export interface HeldRequest {
  readonly sender: CdcProcess
  readonly step: StepName
  readonly heldAt: number
  /** Resolves when the request may go on to the store. */
  readonly released: Promise<void>
  readonly release: () => void
}

export interface HeldCounts {
  held: number
  afterDeath: number
  afterTakeOver: number
  /** By the store's answer to what was released: `200`, `412`, `404`, or `none` where the connection broke. */
  readonly answers: Map<string, number>
}

export const counted = <K>(counts: Map<K, number>, key: K): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

export class HeldRequests {
  readonly byStep = new Map<StepName, HeldCounts>()
  /** The longest that one was held, in milliseconds. */
  longest = 0
  #wanted: { step: DurableStep; skip: number; onHeld: (request: HeldRequest) => void } | undefined
  readonly #outstanding = new Set<HeldRequest>()
  readonly #hasTakenOver: (from: CdcProcess, since: number) => boolean

  /** `hasTakenOver` tells whether another process has become the writer since. */
  constructor(hasTakenOver: (from: CdcProcess, since: number) => boolean) {
    this.#hasTakenOver = hasTakenOver
  }

  get outstanding(): ReadonlyArray<HeldRequest> {
    return [...this.#outstanding]
  }

  /** Holds the next request of this step, after as many of its kind as `skip` says. */
  want(step: DurableStep, skip: number): Promise<HeldRequest> {
    return new Promise((onHeld) => {
      this.#wanted = { step, skip, onHeld }
    })
  }

  forget(): void {
    this.#wanted = undefined
  }

  /** Asked by a proxy for each request that it has received whole. */
  take(sender: CdcProcess, step: DurableStep, name: StepName): HeldRequest | undefined {
    const wanted = this.#wanted
    if (wanted?.step !== step || wanted.skip-- > 0) return undefined
    this.#wanted = undefined
    const counts = this.byStep.get(name) ?? { held: 0, afterDeath: 0, afterTakeOver: 0, answers: new Map() }
    this.byStep.set(name, counts)
    counts.held++
    let go = () => {}
    const released = new Promise<void>((resolve) => {
      go = resolve
    })
    const heldAt = performance.now()
    const request: HeldRequest = {
      sender,
      step: name,
      heldAt,
      released,
      release: () => {
        if (!this.#outstanding.delete(request)) return
        this.longest = Math.max(this.longest, performance.now() - heldAt)
        if (sender.isEnded) counts.afterDeath++
        if (this.#hasTakenOver(sender, heldAt)) counts.afterTakeOver++
        go()
      },
    }
    this.#outstanding.add(request)
    wanted.onHeld(request)
    return request
  }

  answered({ step }: HeldRequest, answer: string): void {
    const counts = this.byStep.get(step)
    if (counts !== undefined) counted(counts.answers, answer)
  }
}
