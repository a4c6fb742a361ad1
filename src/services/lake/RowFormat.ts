/**
 * The format of rows in objects: the ending of their names, how rows are written, and what is read back. Rows are appended in
 * memory without an effect: an effect for each row would cost as much as the row.
 */
import { Context, type Effect, type Option, type Scope, type Stream } from "effect"
import type { ObjectEnding } from "../../core/lake/ObjectEnding.ts"
import type { ColumnsFit } from "../../core/row/ColumnsFit.ts"
import type { Columns, CommitFields } from "../../core/row/IncRow.ts"
import type { RowMark } from "../../core/row/RowPosition.ts"
import type { RowTokenizer } from "../../core/slot/tokens/RowTokenizer.ts"
import type { Refusal } from "../Refusal.ts"
import type { ReadLong } from "../source/Transaction.ts"
import type { ObjectStore, ObjectWriter, StoredObject } from "./ObjectStore.ts"
import type { StoreError } from "./StoreError.ts"

/** An object of `inc` being written. */
export interface RowObject {
  /** Writes the buffered rows. */
  readonly write: Effect.Effect<void, StoreError>
  /** As of an `ObjectWriter`: makes the object visible, whole. */
  readonly commit: ObjectWriter["commit"]
}

/** Buffers the rows of one dataset on their way to its objects, one object after the other. */
export interface DatasetRows {
  /**
   * Buffers the row of the line that `tokens` has read. Values without a column in `columns` are not written. `seq` is the
   * number of the line within its transaction, from 1. `leaf` is that of a partitioned table, as printed in SQL.
   */
  readonly append: (tokens: RowTokenizer, columns: ColumnsFit, seq: number, leaf?: string) => void
  /** Buffers a row with long values, which `read` reads, and runs `write` whenever the buffer is full. */
  readonly appendLong: <E>(
    tokens: RowTokenizer,
    columns: ColumnsFit,
    seq: number,
    read: ReadLong,
    write: Effect.Effect<void, E>,
    leaf?: string,
  ) => Effect.Effect<void, E | StoreError>
  /** True if no row is buffered. */
  readonly isEmpty: boolean
  /** True if enough rows are buffered for a write. */
  readonly isFull: boolean
  /** Begins an object in the bytes of `stored`. `columns` are byte strings in table order. */
  readonly open: (
    ending: ObjectEnding,
    columns: Columns,
    stored: ObjectWriter,
    isPartitioned?: boolean,
  ) => Effect.Effect<RowObject, StoreError, Scope.Scope>
}

/** The rows of one batch. */
export interface BatchRows {
  /** Begins the rows of another transaction, for all datasets. */
  readonly beginTransaction: (commit: CommitFields) => void
  readonly dataset: () => DatasetRows
}

/** Reads objects. */
export type ObjectReader = Pick<ObjectStore["Service"], "read" | "readRange">

export class RowFormat extends Context.Service<
  RowFormat,
  {
    /** The ending of the names of new objects of `inc`. */
    readonly ending: ObjectEnding
    /** The same for temporary objects: the cheapest to write. */
    readonly scratchEnding: ObjectEnding
    /** Begins the rows of a batch. */
    readonly batch: () => BatchRows
    /** Objects of `full`: the output of `COPY`, unchanged. */
    readonly copies: {
      readonly ending: ObjectEnding
      /** Wraps a writer of stored bytes in a writer of the COPY's bytes. */
      readonly open: (stored: ObjectWriter) => Effect.Effect<ObjectWriter, never, Scope.Scope>
    }
    /**
     * Returns the position of the last row of an object of `inc`; none if it has no row. Every restart calls it, so it must be
     * cheap. Fails with `BrokenObject` if the object is not one of ours.
     */
    readonly lastRow: (
      reader: ObjectReader,
      object: StoredObject,
    ) => Effect.Effect<Option.Option<RowMark>, StoreError | Refusal>
    /** Returns the table's columns in an object of `inc`, byte strings in table order. */
    readonly columns: (
      reader: ObjectReader,
      key: string,
      isPartitioned: boolean,
    ) => Effect.Effect<Columns, StoreError>
    /**
     * Returns an object of `full` or `inc` as CSV with its header. The key's ending says how it is stored. Fails with `Broken`
     * if the bytes do not match the ending.
     */
    readonly records: (reader: ObjectReader, key: string) => Stream.Stream<Uint8Array, StoreError>
  }
>()("afluente/services/RowFormat") {}
