/**
 * The changes of the source, as whole transactions in the order of their commits. PostgreSQL retains the WAL until a position
 * is confirmed, so reading and confirming are separate: every read returns the same changes until `confirm`.
 *
 * The layer decides how the changes arrive: by the slot's SQL functions or by the streaming protocol.
 */
import { Context, type Effect, type Option, type Scope, type Sink } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import type { TableName } from "../../core/source/SourceTable.ts"
import type { StoreError } from "../lake/StoreError.ts"
import type { Refusal } from "../Refusal.ts"
import type { SlotState } from "./ReplicationSlot.ts"
import type { SourceError } from "./SourceError.ts"
import type {
  KeptColumns,
  Relation,
  RelationPattern,
  RelationsAsked,
  SourceIdentity,
} from "./SourceTables.ts"
import type { Transaction } from "./Transaction.ts"

/** The slot and the flushed WAL position, read by one statement. */
export interface SlotView {
  /** None if the slot is missing. */
  readonly slot: Option.Option<SlotState>
  /** All WAL before it is on the server's disk. A later read returns every commit up to it. */
  readonly flushed: Lsn
}

/** The greatest `maxLines`: `pg_logical_slot_peek_changes` takes a 32-bit number. */
export const maxLinesMax = 2_147_483_647

export interface ReadRequest {
  /** Later commits are left for the next read. */
  readonly upTo: Lsn
  /** Soft bound in lines of the slot: the transaction that reaches it is read whole. */
  readonly maxLines: number
  /** Lines of other tables may be left out, but are counted in `seq`. */
  readonly tables: ReadonlyArray<TableName>
  /**
   * A transaction id of 64 bits. Lines under a name that no relation has had since before it are read too: they may belong to a
   * table that had the name for a while.
   */
  readonly unknownSince?: bigint | undefined
  /** Lines under a name that matches one of them and that no relation has now are read too. */
  readonly gonePatterns?: ReadonlyArray<RelationPattern>
  /** Runs for each chunk that the source sends, also if no transaction ends in it. */
  readonly onChunk?: Effect.Effect<void> | undefined
}

export interface ReadResult<A> {
  /** The result of the sink. */
  readonly result: A
  /** True if the read was cut at its bound: more may be pending. */
  readonly isCut: boolean
}

/**
 * Runs the sink with all transactions that are not confirmed yet. Those that end in one chunk of the source arrive together.
 * Their lines can be read until the sink asks for the next transactions. A later read, as by a sink that buffers, is a defect.
 * So is a sink that ends before it has taken all.
 *
 * Fails as the sink does; with a `Refusal` (`MalformedLine`) if a line cannot be read; with a `StoreError` of the temporary
 * files. A failure before the end of a read ends the session, because the rest of the answer cannot be skipped.
 */
export type ReadTransactions = <A, E, R>(
  request: ReadRequest,
  sink: Sink.Sink<A, ReadonlyArray<Transaction>, never, E, R>,
) => Effect.Effect<ReadResult<A>, SourceError | StoreError | Refusal | E, R>

/** The queries of every session. */
export interface SourceView {
  readonly source: SourceIdentity
  /** The timeline of the server's WAL. Each promotion begins a new one. */
  readonly timeline: number
  /** Returns the relations with one of the names or OIDs, views too. One query for any number of them. */
  readonly relations: (asked: RelationsAsked) => Effect.Effect<ReadonlyArray<Relation>, SourceError>
  /** Returns those names that no relation has had since before the transaction id, 64 bits. */
  readonly unknownNames: (
    names: ReadonlyArray<TableName>,
    since: bigint,
  ) => Effect.Effect<ReadonlyArray<TableName>, SourceError>
  /** Returns the columns that a table has kept unaltered since before the transaction id, 64 bits. */
  readonly keptColumns: (oid: number, since: bigint) => Effect.Effect<KeptColumns, SourceError>
}

/** What holds back the snapshots of others. */
export interface OldestTransaction {
  /** `pg_snapshot_xmin`, 64 bits: every transaction with a lower id has ended. */
  readonly xid: bigint
  /**
   * The session or prepared transaction with the oldest id: `session 4711 (psql), since 2025-11-03 10:15:40+00`. None if all
   * have ended.
   */
  readonly holder: Option.Option<string>
}

/** A session that reads without the writer's lock. A writer may run meanwhile. It cannot confirm. */
export interface ChangeVisit extends SourceView {
  readonly readState: Effect.Effect<SlotView, SourceError>
  /** Fails with `SlotInUse` while another session reads. */
  readonly readTransactions: ReadTransactions
  /** Waits until the WAL is flushed up to `lsn`, so that a read returns all commits before. */
  readonly flushedTo: (lsn: Lsn) => Effect.Effect<void, SourceError>
  readonly oldestTransaction: Effect.Effect<OldestTransaction, SourceError>
}

/**
 * A session that may read and confirm. It holds the writer's lock, reads and confirms: when it ends, all three end together, so
 * that a writer without the lock cannot confirm.
 */
export interface ChangeSession extends SourceView {
  /**
   * Fails as soon as the server or the network has ended the session: then another session can take the lock. Waits until then.
   * A failed read ends the session too, but is not reported here: the reader's own failure is the cause.
   */
  readonly ended: Effect.Effect<never, SourceError>
  /** Works also while transactions are read. Then it fails if the session no longer holds the lock. */
  readonly readState: Effect.Effect<SlotView, SourceError>
  /** Fails with `SlotInUse`, before the first transaction, while another session reads. */
  readonly readTransactions: ReadTransactions
  /**
   * Confirms all changes up to `lsn`, so that PostgreSQL may remove their WAL. Cannot be undone. Safe to repeat. Returns the
   * confirmed LSN, which may be less than `lsn`.
   */
  readonly confirm: (lsn: Lsn) => Effect.Effect<Lsn, SourceError>
  /**
   * Assigns a new transaction id, 64 bits. It is greater than that of each transaction whose COMMIT is in the WAL now, also of
   * those that wait for a synchronous standby, which `pg_snapshot_xmax` does not guarantee.
   */
  readonly newXid: Effect.Effect<bigint, SourceError>
  /** Returns `pg_snapshot_xmin`, 64 bits: every transaction with a lower id has ended, prepared ones too. */
  readonly oldestXid: Effect.Effect<bigint, SourceError>
}

export class ChangeSource extends Context.Service<
  ChangeSource,
  {
    /**
     * Takes the writer's lock until the scope closes. Returns none if another process holds it. A slot never has two such
     * sessions at once.
     */
    readonly attach: Effect.Effect<Option.Option<ChangeSession>, SourceError, Scope.Scope>
    /** Opens a session without the lock. The slot may be missing: `readState` reports that. */
    readonly visit: Effect.Effect<ChangeVisit, SourceError, Scope.Scope>
  }
>()("afluente/services/ChangeSource") {}
