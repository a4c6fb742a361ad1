/** Reads a copy of a table into a row file: the table itself, or a `full`, which is compared with its manifest. */

import { createHash } from "node:crypto"
import { Effect, type Stream } from "effect"
import { toBytes } from "../../core/bytes/Bytes.ts"
import { type CsvRecord, fieldText } from "../../core/csv/CsvRecords.ts"
import type { LakeFinding } from "../../core/lake/LakeFinding.ts"
import type { Manifest } from "../../core/lake/Manifest.ts"
import { counted } from "../../core/text/CountedNoun.ts"
import { limitedRetry, retrying } from "../../retry/RetryPolicy.ts"
import type { RowFile } from "../../services/lake/LakeComparison.ts"
import { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { type ComparedTable, cells, eventValues } from "../sql/ComparedTable.ts"
import { columnIndexes } from "./ColumnIndexes.ts"
import { ComparableRows } from "./ComparableRows.ts"
import { readObject, readRecords } from "./RecordReading.ts"

const headerOf = (record: CsvRecord): ReadonlyArray<string> =>
  Array.from({ length: record.fields }, (_, field) => fieldText(record, field) ?? "")

/**
 * Reads the rows of a copy with a header, and puts their fields in the order of the table's columns. `read` passes each record
 * on and returns true if the last one was complete.
 */
const takeRows = Effect.fnUntraced(function* <E, R>(
  table: ComparedTable,
  read: (rows: ComparableRows, onRecord: (record: CsvRecord) => void) => Effect.Effect<boolean, E, R>,
) {
  const rows = new ComparableRows(eventValues(table))
  const columns = table.columns.map(toBytes)
  const all = cells(table)
  let header: ReadonlyArray<string> | undefined
  let cellIndexes: ReadonlyArray<ReadonlyArray<number>> = []
  let count = 0
  let broken: number | undefined
  const whole = yield* read(rows, (record) => {
    if (header === undefined) {
      header = headerOf(record)
      const indexes = columnIndexes(header, columns)
      cellIndexes = all.map((cell) => cell.map((column) => indexes[column] ?? -1))
      return
    }
    count++
    if (record.fields !== header.length) {
      broken ??= count
      return
    }
    for (const indexes of cellIndexes) rows.cell(record, indexes)
    rows.endRow()
  })
  return { header: header ?? [], rows: count, broken: whole ? broken : (broken ?? count) }
})

/** Reads the table itself. Returns its number of rows. */
export const readCopy = Effect.fn("FullReading.readCopy")(function* <E, R>(
  csv: Stream.Stream<Uint8Array, E, R>,
  table: ComparedTable,
  file: RowFile,
) {
  const { rows } = yield* takeRows(table, (rows, onRecord) => readRecords(csv, rows, file, onRecord))
  return rows
})

/** Reads the object of a `full`. Returns its differences from the manifest. */
export const readFull = Effect.fn("FullReading.readFull")(function* (
  manifest: Manifest,
  table: ComparedTable,
  file: RowFile,
  onBytes: (bytes: number) => void,
) {
  const store = yield* ObjectStore
  const object = manifest.object
  return yield* retrying(
    limitedRetry,
    Effect.gen(function* () {
      yield* file.cut(0)
      const md5 = createHash("md5")
      let bytes = 0
      const onChunk = (chunk: Uint8Array) => {
        md5.update(chunk)
        bytes += chunk.length
        onBytes(chunk.length)
      }
      const { header, rows, broken } = yield* takeRows(table, (taken, onRecord) =>
        readObject(store, object, taken, file, onRecord, onChunk),
      )
      const digest = md5.digest("hex")
      const names = manifest.columns.map(({ name }) => toBytes(name))
      const findings: Array<LakeFinding> = []
      const report = (kind: "manifest" | "header" | "row", why: string) =>
        findings.push({ kind, object, why })
      // The size is compared where the objects are listed.
      if (digest !== manifest.md5)
        report("manifest", `its md5 is ${digest}, its manifest says ${manifest.md5}`)
      if (rows !== manifest.rows)
        report("manifest", `it has ${counted(rows, "row")}, its manifest says ${manifest.rows}`)
      if (names.length > 0 && names.join("\0") !== header.join("\0")) {
        report("header", "it does not name the columns that its manifest names")
      }
      if (broken !== undefined)
        report("row", `row ${broken} is cut short, or its number of fields is not that of the header`)
      return { findings, bytes }
    }),
  )
})
