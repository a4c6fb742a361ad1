/** What befalls requests to the store: now and then by chance, or all of them while a trouble lasts. */
import type { Random } from "../../../test/support/Random.ts"
import { counted } from "./HeldRequests.ts"

export const faults = ["lost", "late", "half", "busy", "answer lost", "answer half", "denied"] as const
export type Fault = (typeof faults)[number]

/** `denied`: every right is gone; `read-only`: that to write. `slow` delays what becomes visible. */
export type LastingTrouble = "denied" | "read-only" | "busy" | "slow"

/** Of the requests to the store, so many suffer a fault by chance. */
const faultChance = 0.04

/** Longer than a standby needs to find the lock free, and often shorter. */
const slowestMillis = 2500

const xml = (code: string, message: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><Resource>/</Resource><RequestId>chaos</RequestId><HostId>chaos</HostId></Error>`

export class StoreTrouble {
  readonly counts = new Map<Fault, number>(faults.map((fault) => [fault, 0]))
  requests = 0
  /** Those that last now: two may overlap. */
  readonly #lasting: Array<LastingTrouble> = []
  readonly #dice: Random

  constructor(dice: Random) {
    this.#dice = dice
  }

  begin(trouble: LastingTrouble): void {
    this.#lasting.push(trouble)
  }
  end(trouble: LastingTrouble): void {
    this.#lasting.splice(this.#lasting.indexOf(trouble), 1)
  }

  /** The fault of the next request, or none. */
  draw(reads: boolean): Fault | undefined {
    this.requests++
    const fault = this.#lastingFault(reads) ?? this.#chance()
    if (fault !== undefined) counted(this.counts, fault)
    return fault
  }

  #lastingFault(reads: boolean): Fault | undefined {
    const lasts = (trouble: LastingTrouble) => this.#lasting.includes(trouble)
    if (lasts("denied") || (lasts("read-only") && !reads)) return "denied"
    return lasts("busy") ? "busy" : undefined
  }

  #chance(): Fault | undefined {
    return this.#dice.is(faultChance)
      ? this.#dice.pick(["lost", "late", "half", "busy", "answer lost", "answer half"] as const)
      : undefined
  }

  refusalFor(fault: Fault | undefined): { readonly status: number; readonly body: string } | undefined {
    if (fault === "denied") return { status: 403, body: xml("AccessDenied", "Access Denied.") }
    if (fault === "busy") return { status: 503, body: xml("SlowDown", "Please reduce your request rate") }
    return undefined
  }

  /** How long a request that was received whole waits before it goes on. */
  delayMillis(fault: Fault | undefined, visible: boolean): number {
    if (fault === "late") return this.#dice.between(50, 800)
    return this.#lasting.includes("slow") && visible ? this.#dice.between(0, slowestMillis) : 0
  }
}
