/** Rows of a comparison in memory, as their values: byte strings, and null for NULL. */
import { Effect } from "effect"
import { type CsvRecord, fieldText } from "../../../src/core/csv/CsvRecords.ts"
import type {
  ChangeLocations,
  ChangePosition,
  PlacedChange,
  RowChange,
  RowLocation,
  RowWriter,
  StoredRows,
  TableChanges,
  TableRows,
} from "../../../src/services/lake/ComparedRows.ts"

export type RowValues = ReadonlyArray<string | null>

/** A row of a table or of its copy. */
export interface StoredRow {
  readonly values: RowValues
  /** Null if the table is not partitioned. */
  readonly partition: string | null
}

export interface ChangedRow extends RowChange {
  readonly values: RowValues
}

/** The rows of one name. `length` counts them. */
class MemoryRows<Row> implements StoredRows {
  readonly name: string
  readonly rows: Array<Row> = []
  readonly length = Effect.sync(() => this.rows.length)

  constructor(name: string) {
    this.name = name
  }

  cut(length: number) {
    return Effect.sync(() => {
      this.rows.length = length
    })
  }
}

/** A row counts as one byte: there is no need to write before the end. */
class MemoryWriter<Row> implements RowWriter {
  #added: Array<Row> = []
  #indexes: ReadonlyArray<number> = []
  #missing: ReadonlyArray<string | null> = []
  readonly write: RowWriter["write"]

  constructor(written: Array<Row>) {
    this.write = Effect.sync(() => {
      for (const row of this.#added) written.push(row)
      this.#added = []
    })
  }

  get pending(): number {
    return this.#added.length
  }

  columns(indexes: ReadonlyArray<number>, missing: ReadonlyArray<string | null> = []): void {
    this.#indexes = indexes
    this.#missing = missing
  }

  protected valuesOf(record: CsvRecord): RowValues {
    return this.#indexes.map((index, column) =>
      index < 0 ? (this.#missing[column] ?? null) : fieldText(record, index),
    )
  }

  protected push(row: Row): void {
    this.#added.push(row)
  }
}

class MemoryTableWriter extends MemoryWriter<StoredRow> {
  add(record: CsvRecord, partition?: string): void {
    this.push({ values: this.valuesOf(record), partition: partition ?? null })
  }
}

class MemoryChangeWriter extends MemoryWriter<ChangedRow> {
  add(change: RowChange, record: CsvRecord): void {
    this.push({ ...change, values: this.valuesOf(record) })
  }
}

class MemoryLocationWriter extends MemoryWriter<PlacedChange> {
  add(change: PlacedChange): void {
    this.push(change)
  }
}

export class MemoryTableRows extends MemoryRows<StoredRow> implements TableRows {
  writer() {
    return new MemoryTableWriter(this.rows)
  }
}

export class MemoryTableChanges extends MemoryRows<ChangedRow> implements TableChanges {
  writer() {
    return new MemoryChangeWriter(this.rows)
  }
}

export class MemoryChangeLocations extends MemoryRows<PlacedChange> implements ChangeLocations {
  writer() {
    return new MemoryLocationWriter(this.rows)
  }
}

/** Compares texts by their characters: byte strings by their bytes. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export const comparePositions = (a: ChangePosition, b: ChangePosition): number =>
  compareText(a.lsn, b.lsn) || a.seq - b.seq

export const compareLocations = (a: RowLocation, b: RowLocation): number =>
  a.object - b.object || a.line - b.line
