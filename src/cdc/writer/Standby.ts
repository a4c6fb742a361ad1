/** Keeps one writer at a time: a second `cdc` waits for the writer's lock, and then takes over. */
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

/** How often a standby tries to take the lock. */
const standbyInterval = Duration.seconds(1)

/** How long `cdc --once` waits for the lock: the server may hold that of a dead process for some seconds. */
const onceWait = Duration.seconds(20)

/** How often a standby checks the lock holder. */
const stallCheckInterval = Duration.seconds(10)

export interface WaitMode {
  readonly once: boolean
  readonly noWait: boolean
}

/**
 * Takes the writer's lock, at once or after the other writer has ended. With `noWait` it fails with `AnotherWriter`. With
 * `once` it returns none if another writer still holds the lock after `onceWait`. Reports healthy while it waits, because
 * waiting is a standby's work: so the retry policy begins anew at the first failure after a long wait.
 */
export const attachOrWait = Effect.fnUntraced(function* (mode: WaitMode) {
  const slot = yield* ReplicationSlot
  const { attach } = yield* ChangeSource
  const scope = yield* Effect.scope
  const begun = yield* Clock.currentTimeMillis
  const checkStall = yield* stallWatch
  let isStandby = false
  while (true) {
    // Closes each session without the lock at once: otherwise a standby would use up the server's connections.
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

/** Warns of processes of an older version, which no fence stops: only the lock keeps them and this writer apart. */
const warnOfUnfenced = Effect.gen(function* () {
  const slot = yield* ReplicationSlot
  const processes = yield* slot.unfencedProcesses
  if (processes.length === 0) return
  yield* Effect.logWarning(
    `cdc: standby, an older version of this program runs on the slot "${slot.name}" (${processes.map(printSession).join(", ")}). ` +
      "Stop all processes of the older version: this one takes over when they have gone.",
  )
})

/** Logs that the other process writes what is pending in the slot. */
const leftToWriter = (slot: string, holder: Option.Option<LockHolder>) =>
  Effect.logInfo(`cdc: nothing to do, ${printHolder(holder)} writes from this slot`).pipe(
    Effect.annotateLogs({ slot }),
  )

/**
 * Returns a check to run while the standby waits. It warns once of a stalled lock holder (`StalledWriter.ts`), and again
 * after that has made progress. Counts the watermark's age from when this process saw it change, because the time in it is
 * of the writer's clock.
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
    // The writer reports a lake that does not answer.
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
    const idle = Option.filter(holder, (facts) => isStalled({ ...facts, watermarkSeconds }, pollInterval))
    if (Option.isSome(idle) && !isReported) yield* Effect.logWarning(stalled(slot.name, idle.value))
    isReported = Option.isSome(idle)
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
