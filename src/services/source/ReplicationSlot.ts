/**
 * The logical slot (plugin `test_decoding`): PostgreSQL's own queue of committed changes. It retains the WAL
 * until a position is confirmed, so reading and confirming are apart here: `peek` repeats itself until `advance`.
 */
import { Context, type Effect, type Option, type Scope, type Stream } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import type { PeekedLine } from "../../core/slot/SlotLine.ts"
import type { TableName } from "../../core/source/SourceTable.ts"
import type { SourceError } from "./SourceError.ts"
import type { SessionFacts } from "./SourceInspection.ts"
import type { KeptColumns, Relation, RelationsAsked, SourceIdentity } from "./SourceTables.ts"

export interface SlotState {
  /** Everything before it was confirmed by a reader. */
  readonly confirmed: Lsn
  /** The restart LSN: the server retains the WAL from here on. None where the slot is lost. */
  readonly restart: Option.Option<Lsn>
  /** `reserved`, `extended`, `unreserved` or `lost`. */
  readonly walStatus: string
}

/** The slot and the flushed WAL position, read by one statement. */
export interface SlotView {
  /** None where the slot is missing. */
  readonly slot: Option.Option<SlotState>
  /** Everything before it is on the server's disk. A peek that begins later returns every commit up to it. */
  readonly flushed: Lsn
}

/** The greatest `maxLines`: `pg_logical_slot_peek_changes` takes a 32-bit number. */
export const maxLinesMax = 2_147_483_647

export interface PeekRequest {
  /** Changes committed after this are left for the next time. */
  readonly upTo: Lsn
  /** Soft bound in lines: the transaction that reaches it is returned whole. */
  readonly maxLines: number
  /** Lines of other tables may be left out (they are counted in `seq` all the same). */
  readonly tables: ReadonlyArray<TableName>
  /**
   * Lines under a name that no relation has borne since before this transaction id, 64 bits, are sent too: they may be of a
   * table that bore it for a while.
   */
  readonly unknownSince?: bigint | undefined
}

/** What every session of the slot can ask of its source. */
export interface SourceView {
  readonly source: SourceIdentity
  /** The timeline of the WAL that the server writes: each promotion begins another one. */
  readonly timeline: number
  /** The tables that bear one of the names or OIDs, views and the like too. One query, whatever their number. */
  readonly relations: (asked: RelationsAsked) => Effect.Effect<ReadonlyArray<Relation>, SourceError>
  /** Those of the names that no relation has borne since before the transaction id, 64 bits. */
  readonly unknownNames: (
    names: ReadonlyArray<TableName>,
    since: bigint,
  ) => Effect.Effect<ReadonlyArray<TableName>, SourceError>
  /** The columns that a table has kept as they are since before the transaction id, 64 bits. */
  readonly keptColumns: (oid: number, since: bigint) => Effect.Effect<KeptColumns, SourceError>
}

/** A session that reads the slot without its lock. A writer may run meanwhile, and nothing can be confirmed. */
export interface SlotVisit extends SourceView {
  readonly readState: Effect.Effect<SlotView, SourceError>
  /** As in a `SlotSession`. `SlotInUse` while another session reads. */
  readonly peek: (request: PeekRequest) => Stream.Stream<ReadonlyArray<PeekedLine>, SourceError>
  /** Waits until the WAL is flushed up to `lsn`, so that a peek returns what was committed before. */
  readonly flushedTo: (lsn: Lsn) => Effect.Effect<void, SourceError>
}

/**
 * The right to read the slot. One session holds the writer's lock, reads and confirms: when it dies, all three end
 * together, so a writer that lost its lock can confirm nothing.
 */
export interface SlotSession extends SourceView {
  /**
   * Fails as soon as the server or the network has ended the session, and so the lock is free for another; waits for as
   * long as it lasts. A peek that its reader gives up ends the session too, without a word here: the reader's own failure
   * is the cause.
   */
  readonly ended: Effect.Effect<never, SourceError>
  readonly readState: Effect.Effect<SlotView, SourceError>
  /**
   * The same over a connection of its own, for a session answers nothing else while its peek is being read. Fails where the
   * session does not hold the lock any more.
   */
  readonly readStateElsewhere: Effect.Effect<SlotView, SourceError>
  /**
   * Lines not yet confirmed, whole transactions in the order of their commits, many at a time. BEGIN is numbered and
   * left out: its COMMIT says all that it does. Reading does not confirm: the next peek returns the same.
   */
  readonly peek: (request: PeekRequest) => Stream.Stream<ReadonlyArray<PeekedLine>, SourceError>
  /**
   * Lets PostgreSQL forget everything up to `lsn`. Cannot be undone. Safe to repeat. Returns the LSN that the server
   * really moved to, which may be less: trust that, and demand nothing.
   */
  readonly advance: (lsn: Lsn) => Effect.Effect<Lsn, SourceError>
  /**
   * A new transaction id, 64 bits: greater than that of each transaction whose COMMIT is in the WAL by now. Greater too
   * than those of transactions that wait for a synchronous standby, which `pg_snapshot_xmax` may not be.
   */
  readonly newXid: Effect.Effect<bigint, SourceError>
  /** `pg_snapshot_xmin`, 64 bits: every transaction with a lower id has ended, prepared ones too. */
  readonly oldestXid: Effect.Effect<bigint, SourceError>
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
    /**
     * Takes the writer's lock for as long as the scope lives; none where another process holds it.
     * Never two sessions of one slot at once.
     */
    readonly attach: Effect.Effect<Option.Option<SlotSession>, SourceError, Scope.Scope>
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
    /** Opens a session that needs no lock. The slot may be missing: `readState` shows it. */
    readonly visit: Effect.Effect<SlotVisit, SourceError, Scope.Scope>
  }
>()("afluente/services/ReplicationSlot") {}
