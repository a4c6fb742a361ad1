/** One writer at a time: a second `cdc` waits for the writer's lock, and takes over by itself. */
import { Clock, Duration, Effect, Exit, Option, Scope } from "effect"
import { isStalled, stallAdvice } from "../../core/source/StalledWriter.ts"
import { publish } from "../../observe/PipelineEvents.ts"
import { reportHealthy } from "../../retry/RetryPolicy.ts"
import { WatermarkStore } from "../../services/lake/WatermarkStore.ts"
import { Refusal } from "../../services/Refusal.ts"
import { ChangeSource } from "../../services/source/ChangeSource.ts"
import { type LockHolder, ReplicationSlot } from "../../services/source/ReplicationSlot.ts"
import type { SessionFacts } from "../../services/source/SourceInspection.ts"
import { Settings } from "../../settings/Settings.ts"

/** A standby asks for the lock this often. */
const standbyInterval = Duration.seconds(1)

/** `cdc --once` waits so long for the lock: the server may hold that of a dead process for some seconds. */
const onceWait = Duration.seconds(20)

/** The lock holder is looked at this often. */
const stallCheckInterval = Duration.seconds(10)

export interface WaitMode {
  readonly once: boolean
  readonly noWait: boolean
}

/**
 * Takes the writer's lock, at once or when the other writer has gone. Refused (`AnotherWriter`) with `noWait`; none where
 * another writer still holds it after `onceWait` with `once`. Reports `healthy` while it waits, because waiting is a standby's
 * work: after a day of it the source is not given up after 30 seconds.
 */
export const attachOrWait = Effect.fnUntraced(function* (mode: WaitMode) {
  const slot = yield* ReplicationSlot
  const { attach } = yield* ChangeSource
  const scope = yield* Effect.scope
  const begun = yield* Clock.currentTimeMillis
  const checkStall = yield* stallWatch
  let isStandby = false
  while (true) {
    // A session without the lock is closed at once: a standby that kept each would use up the server's.
    const attempt = yield* Scope.fork(scope)
    const session = yield* Scope.provide(attach, attempt)
    if (Option.isSome(session)) {
      yield* publish((at) => ({ _tag: "LockAcquired", at }))
      if (isStandby)
        yield* Effect.logInfo("cdc: taking over, the other writer has gone").pipe(
          Effect.annotateLogs({ slot: slot.name }),
        )
      return session
    }
    yield* Scope.close(attempt, Exit.void)
    if (mode.noWait) return yield* anotherWriter(slot.name, yield* slot.lockHolder)
    const waited = (yield* Clock.currentTimeMillis) - begun
    if (mode.once && waited >= Duration.toMillis(onceWait)) {
      yield* leftToWriter(slot.name, yield* slot.lockHolder)
      return Option.none()
    }
    if (!isStandby) {
      yield* warnOfUnfenced
      yield* Effect.logInfo(
        mode.once
          ? `cdc: another process writes from this slot, waiting ${Duration.format(onceWait)} for its lock`
          : "cdc: standby, another process writes from this slot",
      ).pipe(Effect.annotateLogs({ slot: slot.name }))
      yield* publish((at) => ({ _tag: "StandbyBegan", at }))
      isStandby = true
    }
    yield* reportHealthy
    yield* checkStall
    yield* Effect.sleep(standbyInterval)
  }
})

export const printSession = ({ pid, application }: SessionFacts): string =>
  `process ${pid} of the server${application === "" ? "" : ` (${application})`}`

const printHolder = (holder: Option.Option<LockHolder>): string =>
  Option.match(holder, { onNone: () => "another process", onSome: printSession })

/** Beside a process of an older version nothing keeps two writers apart but the lock: no take-over until it has gone. */
const warnOfUnfenced = Effect.gen(function* () {
  const slot = yield* ReplicationSlot
  const processes = yield* slot.unfencedProcesses
  if (processes.length === 0) return
  yield* Effect.logWarning(
    `cdc: standby, an older version of this program runs on the slot "${slot.name}" (${processes.map(printSession).join(", ")}). ` +
      "Stop all processes of the older version: this one takes over when they have gone.",
  )
})

/** What waits in the slot is written by the other process: nothing is left to do. */
const leftToWriter = (slot: string, holder: Option.Option<LockHolder>) =>
  Effect.logInfo(`cdc: nothing to do, ${printHolder(holder)} writes from this slot`).pipe(
    Effect.annotateLogs({ slot }),
  )

/**
 * A check to be run while the standby waits. It warns once of a lock holder that is stalled (`StalledWriter.ts`), and again
 * after it has made progress. The watermark's age is counted from when this process saw it change: the clock in it is the
 * writer's.
 */
const stallWatch = Effect.gen(function* () {
  const slot = yield* ReplicationSlot
  const watermarks = yield* WatermarkStore
  const { pollInterval } = yield* Settings
  let checkedAt = yield* Clock.currentTimeMillis
  let progressAt = checkedAt
  let lastState = ""
  let isReported = false
  return Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (now - checkedAt < Duration.toMillis(stallCheckInterval)) return
    checkedAt = now
    const holder = yield* slot.lockHolder
    // A lake that does not answer is the writer's to report.
    const watermark = yield* Effect.option(watermarks.read)
    const writtenAt = watermark.pipe(
      Option.flatten,
      Option.flatMap(({ writtenAt }) => writtenAt),
      Option.getOrElse(() => ""),
    )
    const state = `${Option.getOrElse(
      Option.map(holder, ({ pid }) => pid),
      () => 0,
    )} ${writtenAt}`
    const isActive = Option.exists(holder, ({ isSlotActive }) => isSlotActive)
    if (state !== lastState || isActive) progressAt = now
    lastState = state
    const watermarkSeconds = Option.some((now - progressAt) / 1000)
    const found = Option.filter(holder, (signs) => isStalled({ ...signs, watermarkSeconds }, pollInterval))
    if (Option.isSome(found) && !isReported) yield* Effect.logWarning(stalled(slot.name, found.value))
    isReported = Option.isSome(found)
  })
})

const stalled = (slot: string, holder: LockHolder): string =>
  `cdc: standby, ${printSession(holder)} holds the lock of the slot "${slot}" and makes no progress. ` +
  stallAdvice(holder.pid)

const anotherWriter = (slot: string, holder: Option.Option<LockHolder>) =>
  new Refusal({
    reason: "AnotherWriter",
    problem: `Another process writes from the slot "${slot}"${Option.match(holder, { onNone: () => "", onSome: (who) => `: ${printSession(who)}` })}`,
    risk: "Two writers would repeat each other's rows",
    remedy: "Stop that one, or start this one without --no-wait to wait as its standby",
  })
