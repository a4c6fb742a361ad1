/** What a run did, counted. */

import { firstStarted, type Started, type Weather } from "./plan.ts"
import { type ChangeKind, changeKinds } from "./source/definitions.ts"
import { type Phase, phases } from "./steps.ts"
import { counted } from "./strike/HeldRequests.ts"
import type { Act, Fate } from "./strike/strikes.ts"

export interface FreezeCounts {
  frozen: number
  terminated: number
  takenOver: number
}

export class Tally {
  rounds = 0
  kills = 0
  /** Kills that were tied to a moment, and not to the clock alone. */
  tiedKills = 0
  readonly killed = new Map<Phase, number>(phases.map((phase) => [phase, 0]))
  readonly frozen = new Map<Phase, FreezeCounts>()
  readonly fates = new Map<Fate, number>()
  readonly sessions = new Map<string, number>()
  readonly acts = new Map<Act, number>()
  readonly weather = new Map<Weather, number>()
  readonly changes = new Map<ChangeKind, number>(changeKinds.map((kind) => [kind, 0]))
  /** Ends of the copies that were made meanwhile, by exit code. */
  readonly copies = new Map<string, number>()
  /** With which tables and masks the newest processes were started. */
  started: Started = firstStarted
  frozenSeconds = 0
  longestFreeze = 0
  /** From the writer's death to its standby's first work, in ms; those without a trouble of source or store. */
  readonly takeOvers: Array<number> = []
  /** Something waited for did not happen in time. */
  readonly hangs: Array<string> = []

  /** A round whose processes are started with these. */
  begin(started: Started): void {
    if (started.masks !== this.started.masks) counted(this.changes, "masks")
    if (started.withVisita !== this.started.withVisita) counted(this.changes, "table list")
    this.started = started
  }

  kill(phase: Phase, tied: boolean): void {
    this.kills++
    if (tied) this.tiedKills++
    counted(this.killed, phase)
  }

  freeze(phase: Phase): FreezeCounts {
    const counts = this.frozen.get(phase) ?? { frozen: 0, terminated: 0, takenOver: 0 }
    this.frozen.set(phase, counts)
    counts.frozen++
    return counts
  }
}
