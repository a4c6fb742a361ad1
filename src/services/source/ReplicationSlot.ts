/** Administration of the logical slot (plugin `test_decoding`): create, inspect, lock, drop. `ChangeSource` reads it. */
import { Context, type Effect, type Option, type Scope } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import type { SourceError } from "./SourceError.ts"
import type { SessionFacts } from "./SourceInspection.ts"

export interface SlotState {
  /** The confirmed LSN: a reader has confirmed all changes before it. */
  readonly confirmed: Lsn
  /** The restart LSN: the server retains the WAL from here on. None if the slot is lost. */
  readonly restart: Option.Option<Lsn>
  /** `reserved`, `extended`, `unreserved` or `lost`. */
  readonly walStatus: string
}

/** The session that prevents the removal of the slot; none if it has ended since. */
export interface SlotInUse {
  readonly by: Option.Option<SessionFacts>
}

/** The result of removing the slot. */
export type SlotDrop = "dropped" | "missing" | SlotInUse

/** The session that holds the writer's lock. */
export interface LockHolder extends SessionFacts {
  /** True if a session reads the slot now. */
  readonly isSlotActive: boolean
  /** Since the start of its last statement, by the server's clock; none if this role may not read it. */
  readonly idleSeconds: Option.Option<number>
}

/** The shared lock of a live `cdc` process. PostgreSQL releases it when its session ends. */
export interface LivenessLock {
  /** Fails as soon as the session has ended. Waits until then. */
  readonly ended: Effect.Effect<never, SourceError>
}

export class ReplicationSlot extends Context.Service<
  ReplicationSlot,
  {
    readonly name: string
    /** Creates the slot if it is missing. Returns true if it did. Fails with `SlotPlugin` if another plugin has the name. */
    readonly create: Effect.Effect<boolean, SourceError>
    readonly state: Effect.Effect<Option.Option<SlotState>, SourceError>
    /**
     * Removes the slot, so that the server retains no WAL for it. Cannot be undone. Removes nothing while a `cdc` process runs
     * or a session reads it, or if the name belongs to another plugin (`SlotPlugin`) or database (`SlotDatabase`).
     */
    readonly drop: Effect.Effect<SlotDrop, SourceError>
    /** Returns the session that holds the writer's lock now, if any. Uses a session of its own. */
    readonly lockHolder: Effect.Effect<Option.Option<LockHolder>, SourceError>
    /**
     * Returns the sessions of `cdc` processes of versions before the fence on this slot. They write to the lake without
     * conditions, so no session takes the lock beside them.
     */
    readonly unfencedProcesses: Effect.Effect<ReadonlyArray<SessionFacts>, SourceError>
    /**
     * Takes the shared liveness lock of this slot on a session of its own, until the scope closes. Many processes hold it
     * at once. Returns none while another session removes the slot.
     */
    readonly takeLivenessLock: Effect.Effect<Option.Option<LivenessLock>, SourceError, Scope.Scope>
  }
>()("afluente/services/ReplicationSlot") {}
