/** Carries out the plan: strikes, starts again at once, lets a standby take over, and lets source and store suffer. */
import { setTimeout } from "node:timers/promises"
import { maskSettings } from "../rebuild/masks.ts"
import type { Settings } from "./lake/Lake.ts"
import type { Pooler } from "./network/pooler.ts"
import type { Round, Started, Weather } from "./plan.ts"
import type { CdcProcess } from "./process/CdcProcess.ts"
import { enoughFailures, type ProcessPool } from "./process/ProcessPool.ts"
import { sourceTables } from "./source/ledgers.ts"
import type { Source } from "./source/Source.ts"
import type { Writers } from "./source/writers.ts"
import { counted } from "./strike/HeldRequests.ts"
import type { StoreTrouble } from "./strike/StoreTrouble.ts"
import { hangMillis, Striker } from "./strike/Striker.ts"
import { until } from "./strike/timing.ts"
import type { Tally } from "./Tally.ts"

export interface Stage {
  readonly pool: ProcessPool
  readonly source: Source
  readonly pooler: Pooler | undefined
  readonly trouble: StoreTrouble
  readonly writers: Writers
  readonly tally: Tally
  readonly failures: ReadonlyArray<string>
  /** No further round begins. */
  readonly isOver: () => boolean
}

/** A transaction for an object in parts is repeated so often until one of its parts was seen. */
const bulkMillis = 15_000

/** The settings of processes that are started with these tables and masks. */
export const startedSettings = ({ masks, withVisita }: Started): Settings => ({
  SOURCE_TABLES: sourceTables(withVisita),
  ...maskSettings(masks),
})

const settingsOf = ({ batchMax, started }: Round) => ({
  BATCH_MAX_CHANGES: String(batchMax),
  ...startedSettings(started),
})

/** Something befalls source or store for a while; resolves when it is over. */
const suffer = async (stage: Stage, kind: Weather, afterMillis: number): Promise<void> => {
  const { pool, source, trouble, tally } = stage
  counted(tally.weather, kind)
  await setTimeout(afterMillis)
  switch (kind) {
    case "calm":
      return
    case "crash":
      return source.crash()
    case "checkpoint":
      return source.checkpoint()
    case "pooler restart":
      return stage.pooler?.restart()
    case "cut":
      // The worst time for it: what is on its way must not arrive beside what a standby writes.
      await until(() => pool.writer?.phase === "object under way", 2000)
      if (pool.writer !== undefined) pool.cut(pool.writer)
      return
    default:
      trouble.begin(kind)
      await setTimeout(kind === "slow" ? 6000 : 400 + ((tally.rounds * 337) % 2200))
      trouble.end(kind)
  }
}

const bulkUntil = async (writers: Writers, isOver: () => boolean): Promise<void> => {
  writers.rest(true)
  while (!isOver()) {
    await writers.bulk()
    await until(isOver, bulkMillis)
  }
  writers.rest(false)
}

/** One process runs, and a second one waits where the round wants it. More than those are asked to end. */
const gather = async (
  { pool, tally }: Stage,
  round: Round,
  endings: Set<Promise<unknown>>,
): Promise<void> => {
  const first = pool.writer ?? (await pool.start(settingsOf(round)))
  const others = pool.running.filter((process) => process !== first)
  for (const spare of others.slice(round.standby ? 1 : 0)) {
    if (tally.rounds % 2 === 0) spare.kill()
    else endings.add(pool.dismiss(spare))
  }
  if (!round.standby) return
  await until(() => pool.writer?.isWriter === true, hangMillis)
  if (pool.running.length < 2) await pool.start(settingsOf(round))
  await until(() => pool.running.filter((process) => process.hasAsked).length > 1, hangMillis)
}

const awaitTakeOver = async ({ pool, tally }: Stage, from: CdcProcess, round: Round): Promise<void> => {
  const since = performance.now()
  // The standby ends too where the store denies its rights in this moment: nobody is left to take over.
  if (pool.running.length === 0) await pool.start(settingsOf(round))
  const works = (process: CdcProcess) =>
    (process.writerSince ?? 0) > since || (process !== from && process.isWriter)
  if (!(await until(() => pool.running.some(works), hangMillis)))
    tally.hangs.push(
      `no take-over within ${hangMillis / 1000} s\n${pool.running.map(({ log }) => log).join("\n")}`,
    )
  else if (round.weather === "calm" && from.isEnded) tally.takeOvers.push(performance.now() - since)
}

export const runRounds = async (
  plan: ReadonlyArray<Round>,
  stage: Stage,
  onRound: (round: Round, millis: number) => void,
): Promise<void> => {
  const { pool, tally, failures } = stage
  const striker = new Striker(pool, stage.source, tally)
  const endings = new Set<Promise<unknown>>()
  let storm: Promise<unknown> = Promise.resolve()
  for (const round of plan) {
    if (stage.isOver() || failures.length + tally.hangs.length >= enoughFailures) break
    tally.rounds++
    tally.begin(round.started)
    const began = performance.now()
    await gather(stage, round, endings)
    storm = Promise.all([storm, suffer(stage, round.weather, round.weatherAfterMillis)])
    let isOver = false
    const bulk = round.bulk ? bulkUntil(stage.writers, () => isOver) : Promise.resolve()
    const struck = await striker.strike(round)
    isOver = true
    await bulk
    const hasHeir = round.standby && round.victim === "writer" && struck !== undefined
    if (hasHeir) await awaitTakeOver(stage, struck, round)
    onRound(round, performance.now() - began)
  }
  await storm
  await striker.finish()
  await Promise.all(endings)
}
