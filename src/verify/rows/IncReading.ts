/**
 * Reads the changes of a dataset, object by object in the order of writing: those that count go into a file of rows, and all
 * are held to what the lake promises of them.
 */
import { Effect } from "effect"
import { toBytes } from "../../core/bytes/Bytes.ts"
import { type CsvRecord, fieldText } from "../../core/csv/CsvRecords.ts"
import type { LakeFinding } from "../../core/lake/LakeFinding.ts"
import { metaColumns } from "../../core/row/IncRow.ts"
import { parseTextArray } from "../../core/source/TextArray.ts"
import { limitedRetry, retrying } from "../../retry/RetryPolicy.ts"
import type { RowFile } from "../../services/lake/LakeComparison.ts"
import type { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { type ComparedTable, cells, eventValues, identityCells } from "../sql/ComparedTable.ts"
import { columnPlaces, hasMetaColumns } from "./ColumnPlaces.ts"
import { ComparableRows } from "./ComparableRows.ts"
import { readObject } from "./RecordReading.ts"

/** Where a row's change is in the WAL: text order is WAL order. */
export interface Place {
  readonly lsn: string
  readonly seq: number
}

export const isAfter = (a: Place, b: Place): boolean => a.lsn > b.lsn || (a.lsn === b.lsn && a.seq > b.seq)

export const beforeAll: Place = { lsn: "", seq: 0 }

/** What a row of `inc` says of itself. */
export interface Change extends Place {
  readonly op: string
  readonly xid: number
}

const lsnText = /^[0-9A-F]{8}\/[0-9A-F]{8}$/

/** None where it is no row of `inc`. */
export const changeOf = (record: CsvRecord): Change | undefined => {
  const { bytes, bounds } = record
  const text = (field: number) => bytes.toString("latin1", bounds[2 * field], bounds[2 * field + 1])
  const [op, lsn, seq, xid] = [text(0), text(1), Number(text(2)), Number(text(3))]
  const isChange =
    "IUDT".includes(op) && op.length === 1 && lsnText.test(lsn) && Number.isSafeInteger(seq) && seq > 0
  return isChange && Number.isInteger(xid) ? { op, lsn, seq, xid } : undefined
}

const before = metaColumns.indexOf("_before")
const unchanged = metaColumns.indexOf("_unchanged")

/** The old values by column, as byte strings; throws where the field is not what `_before` may be. */
const beforeOf = (record: CsvRecord): ReadonlyMap<string, string> | undefined => {
  const json = fieldText(record, before)
  if (json === null) return undefined
  const values = new Map<string, string>()
  for (const [name, value] of Object.entries(JSON.parse(json))) {
    if (typeof value !== "string") throw new TypeError("_before holds strings only")
    values.set(name, value)
  }
  return values
}

/** Makes rows for the comparison (`ReplaySql.ts`) of the changes of one object. */
const eventRows = (table: ComparedTable, rows: ComparableRows, object: number) => {
  const columns = table.columns.map(toBytes)
  const all = cells(table)
  const identity = identityCells(table).map((cell) => all[cell] ?? [])
  let cellPlaces: ReadonlyArray<ReadonlyArray<number>> = []
  const unsent = (record: CsvRecord): string => {
    const names = fieldText(record, unchanged)
    if (names === null) return ""
    const found = parseTextArray(names).map((name) => columns.indexOf(name))
    return `",${found.filter((place) => place >= 0).join(",")},"`
  }
  return {
    header: (names: ReadonlyArray<string>) => {
      const own = columnPlaces(names.slice(metaColumns.length), columns)
      const places = own.map((place) => (place < 0 ? -1 : place + metaColumns.length))
      cellPlaces = all.map((cell) => cell.map((column) => places[column] ?? -1))
    },
    row: (record: CsvRecord, { op, lsn, seq }: Change, line: number) => {
      const old = beforeOf(record)
      for (const text of [`${object}`, `${line}`, op, lsn, `${seq}`]) rows.plain(text)
      rows.plain(unsent(record))
      rows.plain(old === undefined ? "" : "t")
      for (const cell of identity) {
        rows.valueCell(cell.map((column) => old?.get(columns[column] ?? "") ?? null))
      }
      for (const places of cellPlaces) rows.cell(record, places)
      rows.endRow()
    },
  }
}

export interface IncReading {
  readonly table: ComparedTable
  readonly file: RowFile
  /** Whether a change is one that the table has and the `full` has not. */
  readonly counts: (change: Change) => boolean
  readonly onBytes: (bytes: number) => void
}

export interface ObjectRead {
  readonly findings: ReadonlyArray<LakeFinding>
  readonly rows: number
  readonly counted: number
  /** Of the table, as the header names them, as byte strings. */
  readonly columns: ReadonlyArray<string>
  /** The latest place so far. */
  readonly last: Place
  /** True where a row does not stand after the one before it. */
  readonly disordered: boolean
}

/** Reads the object with this number. It is begun anew when the lake fails in the middle of it. */
export const readInc = Effect.fn("IncReading.readInc")(function* (
  store: ObjectStore["Service"],
  key: string,
  object: number,
  after: Place,
  { table, file, counts, onBytes }: IncReading,
) {
  const start = yield* file.length
  return yield* retrying(
    limitedRetry,
    Effect.gen(function* () {
      yield* file.cut(start)
      const rows = new ComparableRows(eventValues(table))
      const events = eventRows(table, rows, object)
      const findings: Array<LakeFinding> = []
      let fields: number | undefined
      let columns: ReadonlyArray<string> = []
      let isOurs = true
      let line = 0
      let counted = 0
      let last = after
      let disordered = false
      let broken: number | undefined
      const header = (record: CsvRecord) => {
        const names = Array.from({ length: record.fields }, (_, field) => fieldText(record, field) ?? "")
        fields = names.length
        isOurs = hasMetaColumns(names)
        columns = isOurs ? names.slice(metaColumns.length) : []
        events.header(names)
      }
      const row = (record: CsvRecord) => {
        line++
        const change = record.fields === fields ? changeOf(record) : undefined
        if (change === undefined) {
          broken ??= line
          return
        }
        if (isAfter(change, last)) last = change
        else disordered = true
        if (!counts(change)) return
        try {
          events.row(record, change, line)
          counted++
        } catch {
          // `_before` is no JSON: nothing of the row was added before it was read.
          broken ??= line
        }
      }
      const onRecord = (record: CsvRecord) => {
        if (fields === undefined) header(record)
        else if (isOurs) row(record)
      }
      const whole = yield* readObject(store, key, rows, file, onRecord, ({ length }) => onBytes(length))
      const say = (kind: "header" | "row", why: string) => findings.push({ kind, object: key, why })
      if (fields === undefined || !isOurs) say("header", `it does not begin with ${metaColumns.join(",")}`)
      if (broken !== undefined || !whole) {
        say(
          "row",
          `row ${broken ?? line + 1} is not one of ours: it is cut short, or its first columns say nothing that they may say`,
        )
      }
      const read: ObjectRead = { findings, columns, rows: line, counted, last, disordered }
      return read
    }),
  )
})
