/** Reads a copy of a table into rows of the comparison: the table itself, or a `full`, which is compared with its manifest. */

import { createHash } from "node:crypto"
import { Effect, type Stream } from "effect"
import { toBytes } from "../../core/bytes/Bytes.ts"
import { type CsvRecord, fieldText } from "../../core/csv/CsvRecords.ts"
import type { LakeFinding } from "../../core/lake/LakeFinding.ts"
import type { CopiedObject, Manifest } from "../../core/lake/Manifest.ts"
import { counted } from "../../core/text/CountedNoun.ts"
import { limitedRetry, retrying } from "../../retry/RetryPolicy.ts"
import type { ComparedTable, TableRows, TableRowWriter } from "../../services/lake/ComparedRows.ts"
import { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { type ColumnMatches, type ColumnMatching, matchesByName } from "./ColumnMatches.ts"
import { readObject, readRecords } from "./RecordReading.ts"

const headerOf = (record: CsvRecord): ReadonlyArray<string> =>
  Array.from({ length: record.fields }, (_, field) => fieldText(record, field) ?? "")

/**
 * Reads the rows of a copy with a header, and puts their fields in the order of the table's columns. `read` passes each record
 * on and returns true if the last one was complete.
 */
const takeRows = Effect.fnUntraced(function* <E, R>(
  writer: TableRowWriter,
  matchesOf: (header: ReadonlyArray<string>) => ColumnMatches,
  read: (onRecord: (record: CsvRecord) => void) => Effect.Effect<boolean, E, R>,
  partition?: string,
) {
  let header: ReadonlyArray<string> | undefined
  let count = 0
  let broken: number | undefined
  const whole = yield* read((record) => {
    if (header === undefined) {
      header = headerOf(record)
      const { indexes, missing } = matchesOf(header)
      writer.columns(indexes, missing)
      return
    }
    count++
    if (record.fields !== header.length) {
      broken ??= count
      return
    }
    writer.add(record, partition)
  })
  return { header: header ?? [], rows: count, broken: whole ? broken : (broken ?? count) }
})

/** Reads the table itself. Returns its number of rows. */
export const readCopy = Effect.fn("FullReading.readCopy")(function* <E, R>(
  csv: Stream.Stream<Uint8Array, E, R>,
  stored: TableRows,
  table: ComparedTable,
  matchesOf = (header: ReadonlyArray<string>) => matchesByName(table.columns.map(toBytes), header),
) {
  const writer = stored.writer(table)
  const { rows } = yield* takeRows(writer, matchesOf, (onRecord) => readRecords(csv, writer, onRecord))
  return rows
})

/** Reads the objects of a `full`. Returns their differences from the manifest. */
export const readFull = Effect.fn("FullReading.readFull")(function* (
  { columns, objects }: Manifest,
  table: ComparedTable,
  matching: ColumnMatching,
  stored: TableRows,
  onBytes: (bytes: number) => void,
) {
  yield* stored.cut(0)
  const names = columns.map(({ name }) => toBytes(name))
  const findings = yield* Effect.forEach(objects, (one) =>
    readOne(one, names, table, (header) => matching.inFull(header, columns), stored, onBytes),
  )
  return { findings: findings.flat() }
})

const readOne = Effect.fnUntraced(function* (
  copied: CopiedObject,
  names: ReadonlyArray<string>,
  table: ComparedTable,
  matchesOf: (header: ReadonlyArray<string>) => ColumnMatches,
  stored: TableRows,
  onBytes: (bytes: number) => void,
) {
  const { object } = copied
  const store = yield* ObjectStore
  const start = yield* stored.length
  return yield* retrying(
    limitedRetry,
    Effect.gen(function* () {
      yield* stored.cut(start)
      const writer = stored.writer(table)
      const md5 = createHash("md5")
      const onChunk = (chunk: Uint8Array) => {
        md5.update(chunk)
        onBytes(chunk.length)
      }
      const { header, rows, broken } = yield* takeRows(
        writer,
        matchesOf,
        (onRecord) => readObject(store, object, writer, onRecord, onChunk),
        copied.partition === undefined ? undefined : toBytes(copied.partition),
      )
      const digest = md5.digest("hex")
      const findings: Array<LakeFinding> = []
      const report = (kind: "manifest" | "header" | "row", why: string) =>
        findings.push({ kind, object, why })
      // The size is compared where the objects are listed.
      if (digest !== copied.md5) report("manifest", `its md5 is ${digest}, its manifest says ${copied.md5}`)
      if (rows !== copied.rows)
        report("manifest", `it has ${counted(rows, "row")}, its manifest says ${copied.rows}`)
      if (names.length > 0 && names.join("\0") !== header.join("\0")) {
        report("header", "it does not name the columns that its manifest names")
      }
      if (broken !== undefined)
        report("row", `row ${broken} is cut short, or its number of fields is not that of the header`)
      return findings
    }),
  )
})
