/**
 * The changes of the source, as whole transactions in the order of their commits. PostgreSQL retains the WAL until a
 * position is confirmed, so reading and confirming are apart: a read repeats itself until `confirm`.
 *
 * How the changes come (the slot's SQL functions, the streaming protocol) is a layer's own affair.
 */
import { Context, type Effect, type Option, type Scope, type Sink } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import type { TableName } from "../../core/source/SourceTable.ts"
import type { StoreError } from "../lake/StoreError.ts"
import type { Refusal } from "../Refusal.ts"
import type { SlotState } from "./ReplicationSlot.ts"
import type { SourceError } from "./SourceError.ts"
import type { KeptColumns, Relation, RelationsAsked, SourceIdentity } from "./SourceTables.ts"
import type { Transaction } from "./Transaction.ts"

/** The slot and the flushed WAL position, read by one statement. */
export interface SlotView {
  /** None where the slot is missing. */
  readonly slot: Option.Option<SlotState>
  /** Everything before it is on the server's disk. A read that begins later returns every commit up to it. */
  readonly flushed: Lsn
}

/** The greatest `maxLines`: `pg_logical_slot_peek_changes` takes a 32-bit number. */
export const maxLinesMax = 2_147_483_647

export interface ReadRequest {
  /** Changes committed after this are left for the next time. */
  readonly upTo: Lsn
  /** Soft bound in lines of the slot: the transaction that reaches it is read whole. */
  readonly maxLines: number
  /** Lines of other tables may be left out (they are counted in `seq` all the same). */
  readonly tables: ReadonlyArray<TableName>
  /**
   * Lines under a name that no relation has borne since before this transaction id, 64 bits, are sent too: they may be of a
   * table that bore it for a while.
   */
  readonly unknownSince?: bigint | undefined
  /** Runs for each chunk that the source sends, also where no transaction ends in it. */
  readonly onChunk?: Effect.Effect<void> | undefined
}

export interface ReadResult<A> {
  /** What the sink gave. */
  readonly result: A
  /** The read was cut at its bound: more may wait. */
  readonly isCut: boolean
}

/**
 * Runs the sink for all transactions that are not yet confirmed; for those that end in one chunk of the source together.
 * Their lines can be read until the sink asks for the next ones: read later, or by a sink that buffers, they end as a
 * defect. So does a sink that ends before it has taken all.
 *
 * Fails as the sink does; with a `Refusal` (`MalformedLine`) where a line cannot be read; with a `StoreError` of the
 * temporary files. A failure before the end of a read ends the session: the rest of the answer cannot be skipped.
 */
export type ReadTransactions = <A, E, R>(
  request: ReadRequest,
  sink: Sink.Sink<A, ReadonlyArray<Transaction>, never, E, R>,
) => Effect.Effect<ReadResult<A>, SourceError | StoreError | Refusal | E, R>

/** What every session can ask of its source. */
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

/** A session that reads without the writer's lock. A writer may run meanwhile, and nothing can be confirmed. */
export interface ChangeVisit extends SourceView {
  readonly readState: Effect.Effect<SlotView, SourceError>
  /** `SlotInUse` while another session reads. */
  readonly readTransactions: ReadTransactions
  /** Waits until the WAL is flushed up to `lsn`, so that a read returns what was committed before. */
  readonly flushedTo: (lsn: Lsn) => Effect.Effect<void, SourceError>
}

/**
 * The right to read and confirm. One session holds the writer's lock, reads and confirms: when it dies, all three end
 * together, so a writer that lost its lock can confirm nothing.
 */
export interface ChangeSession extends SourceView {
  /**
   * Fails as soon as the server or the network has ended the session, and so the lock is free for another; waits for as
   * long as it lasts. A read that fails ends the session too, without a word here: the reader's own failure is the cause.
   */
  readonly ended: Effect.Effect<never, SourceError>
  /**
   * Answers also while transactions are being read, and fails then where the session does not hold the lock any more.
   */
  readonly readState: Effect.Effect<SlotView, SourceError>
  /** `SlotInUse`, before the first transaction, while another session reads. */
  readonly readTransactions: ReadTransactions
  /**
   * Lets PostgreSQL forget everything up to `lsn`. Cannot be undone. Safe to repeat. Returns the LSN that the server
   * really moved to, which may be less: trust that, and demand nothing.
   */
  readonly confirm: (lsn: Lsn) => Effect.Effect<Lsn, SourceError>
  /**
   * A new transaction id, 64 bits: greater than that of each transaction whose COMMIT is in the WAL by now. Greater too
   * than those of transactions that wait for a synchronous standby, which `pg_snapshot_xmax` may not be.
   */
  readonly newXid: Effect.Effect<bigint, SourceError>
  /** `pg_snapshot_xmin`, 64 bits: every transaction with a lower id has ended, prepared ones too. */
  readonly oldestXid: Effect.Effect<bigint, SourceError>
}

export class ChangeSource extends Context.Service<
  ChangeSource,
  {
    /**
     * Takes the writer's lock for as long as the scope lives; none where another process holds it.
     * Never two sessions of one slot at once.
     */
    readonly attach: Effect.Effect<Option.Option<ChangeSession>, SourceError, Scope.Scope>
    /** Opens a session that needs no lock. The slot may be missing: `readState` shows it. */
    readonly visit: Effect.Effect<ChangeVisit, SourceError, Scope.Scope>
  }
>()("afluente/services/ChangeSource") {}
