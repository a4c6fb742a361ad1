/**
 * How objects hold rows: what one is named, how rows get into it, and what is read of it again. Rows are appended in
 * memory, at once: an effect for each row would cost as much as the row.
 */
import { Context, type Effect, type Option, type Scope, type Stream } from "effect"
import type { ObjectEnding } from "../../core/lake/ObjectEnding.ts"
import type { Columns, ColumnsFit, CommitFields } from "../../core/row/IncRow.ts"
import type { RowMark } from "../../core/row/RowPosition.ts"
import type { RowTokenizer } from "../../core/slot/tokens/RowTokenizer.ts"
import type { Refusal } from "../Refusal.ts"
import type { ReadLong } from "../source/Transaction.ts"
import type { ObjectStore, ObjectWriter, StoredObject } from "./ObjectStore.ts"
import type { StoreError } from "./StoreError.ts"

/** An object of `inc` that is being written. */
export interface RowObject {
  /** Writes the rows that were appended and are in no object yet. */
  readonly write: Effect.Effect<void, StoreError>
  /** As of an `ObjectWriter`: nothing is visible before, and all of it after. */
  readonly commit: ObjectWriter["commit"]
}

/** Rows of one dataset on their way to its objects, one object after the other. */
export interface DatasetRows {
  /**
   * Appends the row of the line that `tokens` has read, in memory. What the columns lack is not written. `seq` is the number
   * of the line within its transaction, from 1.
   */
  readonly append: (tokens: RowTokenizer, columns: ColumnsFit, seq: number) => void
  /** Appends a row with long values, which `read` reads, and runs `write` as often as there are enough rows for it. */
  readonly appendLong: <E>(
    tokens: RowTokenizer,
    columns: ColumnsFit,
    seq: number,
    read: ReadLong,
    write: Effect.Effect<void, E>,
  ) => Effect.Effect<void, E | StoreError>
  /** No row waits to be written. */
  readonly isEmpty: boolean
  /** Enough rows wait to be written. */
  readonly isFull: boolean
  /** Begins an object of these columns, whose name ends so, in the bytes of `stored`. Byte strings, in table order. */
  readonly open: (
    ending: ObjectEnding,
    columns: Columns,
    stored: ObjectWriter,
  ) => Effect.Effect<RowObject, StoreError, Scope.Scope>
}

/** Rows of one batch. */
export interface BatchRows {
  /** Begins the rows of another transaction, of all datasets. */
  readonly beginTransaction: (commit: CommitFields) => void
  readonly dataset: () => DatasetRows
}

/** Where objects are read. */
export type ObjectReader = Pick<ObjectStore["Service"], "read" | "readRange">

export class RowFormat extends Context.Service<
  RowFormat,
  {
    /** How the names of new objects of `inc` end. */
    readonly ending: ObjectEnding
    /** The same for objects that nobody keeps: the cheapest to write. */
    readonly scratchEnding: ObjectEnding
    /** Begins the rows of a batch. */
    readonly batch: () => BatchRows
    /** Objects of `full`: what `COPY` prints, unchanged. */
    readonly copies: {
      readonly ending: ObjectEnding
      /** A writer of the COPY's bytes around one of the bytes that are stored. */
      readonly open: (stored: ObjectWriter) => Effect.Effect<ObjectWriter, never, Scope.Scope>
    }
    /**
     * Where the last row of an object of `inc` stands; none where the object holds no row. A restart reads it, so it must be
     * cheap. Fails with `BrokenObject` where the object is not one of ours.
     */
    readonly lastRow: (
      reader: ObjectReader,
      object: StoredObject,
    ) => Effect.Effect<Option.Option<RowMark>, StoreError | Refusal>
    /** The table's columns in an object of `inc`, byte strings in table order. */
    readonly columns: (reader: ObjectReader, key: string) => Effect.Effect<Columns, StoreError>
    /**
     * All rows of an object of `full` or `inc` as CSV, the header first, whatever the object is stored as: by the key's
     * ending. Fails with `Broken` where the bytes do not match the ending.
     */
    readonly records: (reader: ObjectReader, key: string) => Stream.Stream<Uint8Array, StoreError>
  }
>()("afluente/services/RowFormat") {}
