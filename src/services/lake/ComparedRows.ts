/**
 * The rows that a comparison reads. They can be more than memory holds: a layer keeps them elsewhere. Fields are the bytes of
 * the lake or of the source, as records of CSV. Texts are byte strings (see `Bytes.ts`).
 */
import type { Effect } from "effect"
import type { CsvRecord } from "../../core/csv/CsvRecords.ts"
import type { ComparisonError } from "./ComparisonError.ts"

/** A table's columns, and how its rows are identified. */
export interface ComparedTable {
  readonly columns: ReadonlyArray<string>
  /** Indexes of the key's columns in `columns`. If empty, rows that are equal in all columns are counted. */
  readonly key: ReadonlyArray<number>
  /** False if the WAL does not say which row was changed: then only inserts can be followed. */
  readonly followsChanges: boolean
  /** True if each row of the lake belongs to a partition, which a TRUNCATE may empty alone. */
  readonly isPartitioned: boolean
}

/** Rows in a workbench. Removed with the scope. One writer at a time. */
export interface StoredRows {
  /** No other rows of the workbench have it meanwhile. */
  readonly name: string
  /** Where the next rows will be. */
  readonly length: Effect.Effect<number>
  /** Removes what was written at `length` and after it, and ends the writer. */
  readonly cut: (length: number) => Effect.Effect<void, ComparisonError>
}

/** Adds rows behind those that are there. */
export interface RowWriter {
  /** Size of the rows that are added and not yet written, in bytes. They are lost if nobody writes them. */
  readonly pending: number
  readonly write: Effect.Effect<void, ComparisonError>
}

interface RecordWriter extends RowWriter {
  /**
   * Sets where each column's field is in the next records; -1 if they lack it. Then they hold its value in `missing`, a byte
   * string, or NULL.
   */
  readonly columns: (indexes: ReadonlyArray<number>, missing?: ReadonlyArray<string | null>) => void
}

export interface TableRowWriter extends RecordWriter {
  /** `partition` is that of a row of a partitioned table's copy. */
  readonly add: (record: CsvRecord, partition?: string) => void
}

/** Rows of a table: its own, or those of a copy. */
export interface TableRows extends StoredRows {
  readonly writer: (table: ComparedTable) => TableRowWriter
}

/** Where a change stands in the lake: the number of its object, in the order of writing, and its row there, from 1. */
export interface RowLocation {
  readonly object: number
  readonly line: number
}

/** The `_lsn` and `_seq` of a row. Text order of `lsn` is WAL order. */
export interface ChangePosition {
  readonly lsn: string
  readonly seq: number
}

/** A change of a row, apart from the row's new values. */
export interface RowChange extends RowLocation, ChangePosition {
  /** `I`, `U`, `D` or `T`. */
  readonly op: string
  /** Indexes of the columns with unchanged TOAST values. */
  readonly unsent: ReadonlyArray<number>
  /** The old values by column, without those that were NULL; undefined if the WAL held none. */
  readonly old: ReadonlyMap<string, string> | undefined
  /** Null if the table is not partitioned. */
  readonly partition: string | null
}

export interface ChangeWriter extends RecordWriter {
  readonly add: (change: RowChange, record: CsvRecord) => void
}

/** Changes of a table, in any order. */
export interface TableChanges extends StoredRows {
  readonly writer: (table: ComparedTable) => ChangeWriter
}

/** Where a change stands, and a digest of its row. */
export interface PlacedChange extends RowLocation, ChangePosition {
  /** The rows of one TRUNCATE differ in it alone. Null if the table is not partitioned. */
  readonly partition: string | null
  readonly digest: string
}

export interface LocationWriter extends RowWriter {
  readonly add: (change: PlacedChange) => void
}

/** The locations of a dataset's changes. */
export interface ChangeLocations extends StoredRows {
  readonly writer: () => LocationWriter
}
