/** Reads a copy of a table into rows of the comparison: the table itself, or a `full`, which is compared with its manifest. */

import { createHash } from "node:crypto"
import { Effect, type Stream } from "effect"
import { toBytes } from "../../core/bytes/Bytes.ts"
import { type CsvRecord, fieldText } from "../../core/csv/CsvRecords.ts"
import type { LakeFinding } from "../../core/lake/LakeFinding.ts"
import type { Manifest } from "../../core/lake/Manifest.ts"
import { counted } from "../../core/text/CountedNoun.ts"
import { limitedRetry, retrying } from "../../retry/RetryPolicy.ts"
import type { ComparedTable, TableRows, TableRowWriter } from "../../services/lake/ComparedRows.ts"
import { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { columnIndexes } from "./ColumnIndexes.ts"
import { readObject, readRecords } from "./RecordReading.ts"

const headerOf = (record: CsvRecord): ReadonlyArray<string> =>
  Array.from({ length: record.fields }, (_, field) => fieldText(record, field) ?? "")

/**
 * Reads the rows of a copy with a header, and puts their fields in the order of the table's columns. `read` passes each record
 * on and returns true if the last one was complete.
 */
const takeRows = Effect.fnUntraced(function* <E, R>(
  table: ComparedTable,
  writer: TableRowWriter,
  read: (onRecord: (record: CsvRecord) => void) => Effect.Effect<boolean, E, R>,
) {
  let header: ReadonlyArray<string> | undefined
  let count = 0
  let broken: number | undefined
  const whole = yield* read((record) => {
    if (header === undefined) {
      header = headerOf(record)
      writer.columns(columnIndexes(header, table.columns.map(toBytes)))
      return
    }
    count++
    if (record.fields !== header.length) {
      broken ??= count
      return
    }
    writer.add(record)
  })
  return { header: header ?? [], rows: count, broken: whole ? broken : (broken ?? count) }
})

/** Reads the table itself. Returns its number of rows. */
export const readCopy = Effect.fn("FullReading.readCopy")(function* <E, R>(
  csv: Stream.Stream<Uint8Array, E, R>,
  table: ComparedTable,
  stored: TableRows,
) {
  const writer = stored.writer(table)
  const { rows } = yield* takeRows(table, writer, (onRecord) => readRecords(csv, writer, onRecord))
  return rows
})

/** Reads the object of a `full`. Returns its differences from the manifest. */
export const readFull = Effect.fn("FullReading.readFull")(function* (
  manifest: Manifest,
  table: ComparedTable,
  stored: TableRows,
  onBytes: (bytes: number) => void,
) {
  const store = yield* ObjectStore
  const object = manifest.object
  return yield* retrying(
    limitedRetry,
    Effect.gen(function* () {
      yield* stored.cut(0)
      const writer = stored.writer(table)
      const md5 = createHash("md5")
      let bytes = 0
      const onChunk = (chunk: Uint8Array) => {
        md5.update(chunk)
        bytes += chunk.length
        onBytes(chunk.length)
      }
      const { header, rows, broken } = yield* takeRows(table, writer, (onRecord) =>
        readObject(store, object, writer, onRecord, onChunk),
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
