/** Sessions of the PostgreSQL in memory, and the advisory locks that they hold. */
import { Clock, Effect, type Scope, type Stream } from "effect"
import type { PeekedLine } from "../../../src/core/slot/SlotLine.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"

/** A session. It ends with its client, when it is killed, or with the server. */
export interface MemorySession {
  readonly purpose: string
  readonly pid: number
  /** Start of its last statement, in milliseconds since 1970. */
  askedAt: number
}

/** The lines that the server sends to a reader of a slot, chunk by chunk. */
export type SentLines = Stream.Stream<ReadonlyArray<PeekedLine>, SourceError>

export class MemorySessions {
  /** The network between the server and the readers of its slots. Tests delay and cut it. */
  network: (sent: SentLines) => SentLines = (sent) => sent
  readonly #alive = new Set<MemorySession>()
  readonly #onEnd = new Map<MemorySession, Set<() => void>>()
  readonly #locks = new Map<string, Set<MemorySession>>()
  readonly #shared = new Map<string, Set<MemorySession>>()
  #open = true
  #lastPid = 0

  /** The number of sessions, as in `pg_stat_activity`. */
  get count(): number {
    return this.#alive.size
  }

  /** Opens a session, which ends with the scope. */
  connect(purpose: string): Effect.Effect<MemorySession, SourceError, Scope.Scope> {
    const connected = Effect.flatMap(Clock.currentTimeMillis, (askedAt) => {
      if (!this.#open) return Effect.fail(unreachable("connection refused"))
      const session: MemorySession = { purpose, pid: ++this.#lastPid, askedAt }
      this.#alive.add(session)
      return Effect.succeed(session)
    })
    return Effect.acquireRelease(connected, (session) => Effect.sync(() => this.#end(session)))
  }

  /** Runs before each statement of a session. Fails if the session has ended. */
  inside(session: MemorySession): Effect.Effect<void, SourceError> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      session.askedAt = now
      return this.#alive.has(session) ? Effect.void : Effect.fail(unreachable("the session was ended"))
    })
  }

  /** Fails as soon as the session has ended. */
  ended(session: MemorySession): Effect.Effect<never, SourceError> {
    return Effect.callback((resume) => {
      const onEnd = () => resume(Effect.fail(unreachable("the session was ended")))
      if (!this.#alive.has(session)) return onEnd()
      const listeners = this.#onEnd.get(session) ?? new Set()
      this.#onEnd.set(session, listeners.add(onEnd))
      return Effect.sync(() => listeners.delete(onEnd))
    })
  }

  /** `pg_try_advisory_lock`: held until the session ends. */
  tryLock(lock: string, session: MemorySession): boolean {
    return this.#take(this.#locks, lock, session, [this.#locks, this.#shared])
  }

  /** Returns the session that holds the lock exclusively. */
  holder(lock: string): MemorySession | undefined {
    return [...(this.#locks.get(lock) ?? [])][0]
  }

  /** Returns the sessions that share the lock. */
  holdersTogether(lock: string): ReadonlyArray<MemorySession> {
    return [...(this.#shared.get(lock) ?? [])]
  }

  /** `pg_try_advisory_lock_shared`: many sessions may share it, if none holds it exclusively. */
  tryLockShared(lock: string, session: MemorySession): boolean {
    return this.#take(this.#shared, lock, session, [this.#locks])
  }

  #take(
    kind: Map<string, Set<MemorySession>>,
    lock: string,
    session: MemorySession,
    excluding: ReadonlyArray<ReadonlyMap<string, ReadonlySet<MemorySession>>>,
  ): boolean {
    const others = excluding.flatMap((held) => [...(held.get(lock) ?? [])])
    if (others.some((holder) => holder !== session)) return false
    kind.set(lock, (kind.get(lock) ?? new Set()).add(session))
    return true
  }

  /** `pg_terminate_backend` on all sessions: each next call fails, and the locks are released. */
  killAll(): void {
    for (const session of [...this.#alive]) this.#end(session)
  }

  /** Ends a session from its client's side: `ended` does not report it. */
  cut(session: MemorySession): void {
    this.#onEnd.delete(session)
    this.#end(session)
  }

  /** Allows or refuses new sessions. */
  admit(open: boolean): void {
    this.#open = open
  }

  #end(session: MemorySession): void {
    this.#alive.delete(session)
    for (const onEnd of this.#onEnd.get(session) ?? []) onEnd()
    this.#onEnd.delete(session)
    for (const held of [...this.#locks.values(), ...this.#shared.values()]) held.delete(session)
  }
}

const unreachable = (detail: string): SourceError =>
  new SourceError({ reason: "Unreachable", subject: "server", detail })
