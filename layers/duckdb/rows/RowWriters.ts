/** Writes rows for the comparison to files, in the form of `ComparableRows.ts`. */
import { Effect } from "effect"
import { toBytes } from "../../../src/core/bytes/Bytes.ts"
import type { CsvRecord } from "../../../src/core/csv/CsvRecords.ts"
import type {
  ChangeLocations,
  ChangeWriter,
  ComparedTable,
  LocationWriter,
  PlacedChange,
  RowChange,
  RowWriter,
  TableChanges,
  TableRows,
  TableRowWriter,
} from "../../../src/services/lake/ComparedRows.ts"
import { cells, eventValues, identityCells } from "../sql/Cells.ts"
import { locationHead } from "../sql/OrderSql.ts"
import { ComparableRows, type RecordFields } from "./ComparableRows.ts"
import type { RowFile } from "./RowFile.ts"

abstract class FileWriter implements RowWriter {
  protected readonly rows: ComparableRows
  readonly write: RowWriter["write"]

  constructor(file: RowFile, values: number) {
    const rows = new ComparableRows(values)
    this.rows = rows
    this.write = Effect.suspend(() => file.append(rows.take()))
  }

  get pending(): number {
    return this.rows.length
  }
}

abstract class RecordWriter extends FileWriter {
  readonly #cells: ReadonlyArray<ReadonlyArray<number>>
  /** For each cell the fields of a record that are in it. */
  #fields: ReadonlyArray<RecordFields> = []

  constructor(file: RowFile, table: ComparedTable) {
    super(file, eventValues(table))
    this.#cells = cells(table)
  }

  columns(indexes: ReadonlyArray<number>, missing: ReadonlyArray<string | null> = []): void {
    this.#fields = this.#cells.map((cell) =>
      cell.map((column) => {
        const index = indexes[column] ?? -1
        return index < 0 ? (missing[column] ?? null) : index
      }),
    )
  }

  protected addRecord(record: CsvRecord): void {
    for (const fields of this.#fields) this.rows.cell(record, fields)
  }
}

class TableRowFileWriter extends RecordWriter implements TableRowWriter {
  add(record: CsvRecord, partition?: string): void {
    this.addRecord(record)
    this.rows.value(partition ?? null)
    this.rows.endRow()
  }
}

/** Its rows are those of the table `event` of `ReplaySql.ts`. */
class ChangeFileWriter extends RecordWriter implements ChangeWriter {
  /** For each cell of the identity the columns that are in it, as byte strings. */
  readonly #identity: ReadonlyArray<ReadonlyArray<string>>

  constructor(file: RowFile, table: ComparedTable) {
    super(file, table)
    const columns = table.columns.map(toBytes)
    const all = cells(table)
    this.#identity = identityCells(table).map((n) => (all[n] ?? []).map((column) => columns[column] ?? ""))
  }

  add({ object, line, op, lsn, seq, unsent, old, partition }: RowChange, record: CsvRecord): void {
    const { rows } = this
    for (const text of [`${object}`, `${line}`, op, lsn, `${seq}`]) rows.plain(text)
    rows.plain(unsent.length === 0 ? "" : `",${unsent.join(",")},"`)
    rows.plain(old === undefined ? "" : "t")
    rows.value(partition)
    for (const columns of this.#identity) rows.valueCell(columns.map((column) => old?.get(column) ?? null))
    this.addRecord(record)
    rows.endRow()
  }
}

/** Its rows are those of the table `change_position` of `OrderSql.ts`. */
class LocationFileWriter extends FileWriter implements LocationWriter {
  constructor(file: RowFile) {
    super(file, locationHead.length)
  }

  add({ object, line, lsn, seq, partition, digest }: PlacedChange): void {
    for (const text of [`${object}`, `${line}`, lsn, `${seq}`]) this.rows.plain(text)
    this.rows.value(partition)
    this.rows.plain(digest)
    this.rows.endRow()
  }
}

export const tableRows = (file: RowFile): TableRows => ({
  ...file,
  writer: (table) => new TableRowFileWriter(file, table),
})

export const tableChanges = (file: RowFile): TableChanges => ({
  ...file,
  writer: (table) => new ChangeFileWriter(file, table),
})

export const changeLocations = (file: RowFile): ChangeLocations => ({
  ...file,
  writer: () => new LocationFileWriter(file),
})
