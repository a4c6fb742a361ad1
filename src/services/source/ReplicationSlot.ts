/** Administration of the logical slot (plugin `test_decoding`): create, inspect, lock, drop. `ChangeSource` reads it. */
import { Context, type Effect, type Option, type Scope } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import type { SourceError } from "./SourceError.ts"
import type { SessionFacts } from "./SourceInspection.ts"

export interface SlotState {
  /** Everything before it was confirmed by a reader. */
  readonly confirmed: Lsn
  /** The restart LSN: the server retains the WAL from here on. None where the slot is lost. */
  readonly restart: Option.Option<Lsn>
  /** `reserved`, `extended`, `unreserved` or `lost`. */
  readonly walStatus: string
}

/** The session that keeps the slot from being removed; none where it has ended since. */
export interface SlotInUse {
  readonly by: Option.Option<SessionFacts>
}

/** The result of removing the slot. */
export type SlotDrop = "dropped" | "missing" | SlotInUse

/** The session that holds the writer's lock. */
export interface LockHolder extends SessionFacts {
  /** A session reads the slot at this moment. */
  readonly isSlotActive: boolean
  /** Since its last statement began, by the server's clock; none where this role may not see it. */
  readonly idleSeconds: Option.Option<number>
}

/** The shared lock of a live `cdc` process. PostgreSQL releases it when its session ends. */
export interface LivenessLock {
  /** Fails as soon as the session has ended; waits for as long as it lasts. */
  readonly ended: Effect.Effect<never, SourceError>
}

export class ReplicationSlot extends Context.Service<
  ReplicationSlot,
  {
    readonly name: string
    /** Creates the slot where it is missing; true when it did. `SlotPlugin` where the name is taken by another kind. */
    readonly create: Effect.Effect<boolean, SourceError>
    readonly state: Effect.Effect<Option.Option<SlotState>, SourceError>
    /**
     * Removes the slot, so that the server retains no WAL for it. Cannot be undone. Nothing is removed where somebody is
     * present or reads it, nor where the name belongs to another plugin (`SlotPlugin`) or database (`SlotDatabase`).
     */
    readonly drop: Effect.Effect<SlotDrop, SourceError>
    /** Who holds the writer's lock at this moment; none where nobody does. On a session of its own. */
    readonly lockHolder: Effect.Effect<Option.Option<LockHolder>, SourceError>
    /**
     * Sessions of `cdc` processes of versions before the fence, on this slot: they write to the lake without conditions. No
     * session takes the lock beside them.
     */
    readonly unfencedProcesses: Effect.Effect<ReadonlyArray<SessionFacts>, SourceError>
    /**
     * Takes the shared liveness lock of this slot on a session of its own, until the scope closes. Many processes hold it
     * at once. None while somebody removes the slot.
     */
    readonly takeLivenessLock: Effect.Effect<Option.Option<LivenessLock>, SourceError, Scope.Scope>
  }
>()("afluente/services/ReplicationSlot") {}
