/** Carries out the plan: kills, starts again at once, lets a standby take over, and lets the source suffer meanwhile. */
import { setTimeout } from "node:timers/promises"
import type { PlannedKill, Weather } from "./plan.ts"
import type { Death, Seat } from "./Seat.ts"
import { type Phase, phases } from "./steps.ts"

export interface Source {
  /** As after `kill -9`, and up again. */
  readonly crash: () => Promise<void>
  readonly checkpoint: () => Promise<void>
  /** Breaks the connections of one seat: its process lives, and has lost the lock. */
  readonly cut: (seat: Seat) => void
}

export interface Outcome {
  readonly kills: number
  readonly hits: ReadonlyMap<Phase, number>
  readonly byMoment: number
  readonly weather: ReadonlyMap<Weather, number>
  /** From the writer's death to its standby's first work, without those during which the source was down. */
  readonly takeOvers: ReadonlyArray<number>
  /** Something waited for did not happen in time. */
  readonly hangs: ReadonlyArray<string>
}

/** Much longer than anything takes, back-off after a crash of the source included. */
const hangMillis = 30_000

const within = <A>(millis: number, promise: Promise<A>): Promise<A | undefined> => {
  const waiting = new AbortController()
  return Promise.race([
    promise,
    setTimeout(millis, undefined, { signal: waiting.signal }).catch(() => undefined),
  ]).finally(() => waiting.abort())
}

const until = async (holds: () => boolean, millis: number): Promise<boolean> => {
  const end = performance.now() + millis
  while (!holds() && performance.now() < end) await setTimeout(2)
  return holds()
}

export const runRounds = async (
  plan: ReadonlyArray<PlannedKill>,
  seats: readonly [Seat, Seat],
  source: Source,
  onKill: (done: number, death: Death) => void,
): Promise<Outcome> => {
  const hits = new Map<Phase, number>(phases.map((phase) => [phase, 0]))
  const weather = new Map<Weather, number>()
  const takeOvers: Array<number> = []
  const hangs: Array<string> = []
  let storm: Promise<void> = Promise.resolve()
  let kills = 0
  let byMoment = 0

  const suffer = (kind: Weather, afterMillis: number) => {
    weather.set(kind, (weather.get(kind) ?? 0) + 1)
    const happen = async () => {
      await setTimeout(afterMillis)
      if (kind === "crash") await source.crash()
      if (kind === "checkpoint") await source.checkpoint()
      if (kind === "cut") {
        // The worst time for it: what is on its way must not arrive beside what a standby writes.
        await until(() => writer()?.phase === "object under way", 2000)
        source.cut(writer() ?? seats[0])
      }
    }
    storm = Promise.all([storm, happen()]).then(() => {})
  }
  const settingsOf = ({ batchMax }: PlannedKill) => ({ BATCH_MAX_CHANGES: String(batchMax) })

  /** The one that writes, else one that is on its way to. */
  const writer = () => seats.find((seat) => seat.isWriter) ?? seats.find((seat) => seat.isRunning)

  const awaitDeath = async ({ when, victim }: PlannedKill): Promise<Death | undefined> => {
    if (victim === "standby") return seats.find((seat) => seat.isRunning && !seat.isWriter)?.kill()
    if ("afterMillis" in when) {
      await setTimeout(when.afterMillis)
      return writer()?.kill()
    }
    // One that has taken over has begun already.
    if (when.moment === "lockAsked" && writer()?.hasAsked === true) return writer()?.kill()
    const first = Promise.race(seats.map((seat) => seat.arm(when.moment, when.skip)))
    const death = await within(hangMillis, first)
    for (const seat of seats) seat.disarm()
    if (death !== undefined) return death
    hangs.push(
      `no ${when.moment} within ${hangMillis / 1000} s; the writer was at "${writer()?.phase}"\n${writer()?.log}`,
    )
    return writer()?.kill()
  }

  for (const planned of plan) {
    const [first, second] = seats
    const running = writer() ?? first
    if (!running.isRunning) running.start(settingsOf(planned))
    const other = running === first ? second : first
    if (planned.weather !== "calm") suffer(planned.weather, planned.weatherAfterMillis)
    if (planned.standby) {
      await until(() => running.isWriter, hangMillis)
      if (!other.isRunning) other.start(settingsOf(planned))
      await until(() => other.hasAsked, hangMillis)
    }
    const death = await awaitDeath(planned)
    if (death === undefined) continue
    kills++
    if (death.trigger !== undefined) byMoment++
    hits.set(death.phase, (hits.get(death.phase) ?? 0) + 1)
    onKill(kills, death)
    if (planned.standby && planned.victim === "writer") {
      const heir = seats.find((seat) => seat.isRunning)
      const took = await until(() => heir?.isWriter === true, hangMillis)
      if (!took) hangs.push(`no take-over within ${hangMillis / 1000} s\n${heir?.log}`)
      if (took && planned.weather === "calm") takeOvers.push(performance.now() - death.at)
    }
  }
  await storm
  return { kills, hits, byMoment, weather, takeOvers, hangs }
}
