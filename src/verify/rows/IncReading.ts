/**
 * Reads the changes of a dataset, object by object in the order of writing. Adds those that count to the comparison, and
 * checks the form and the order of all.
 */
import { Effect } from "effect"
import { toBytes } from "../../core/bytes/Bytes.ts"
import { type CsvRecord, fieldText } from "../../core/csv/CsvRecords.ts"
import type { LakeFinding } from "../../core/lake/LakeFinding.ts"
import { metaColumns, metaColumnsOf } from "../../core/row/IncRow.ts"
import { parseTextArray } from "../../core/source/TextArray.ts"
import { limitedRetry, retrying } from "../../retry/RetryPolicy.ts"
import type {
  ChangePosition,
  ChangeWriter,
  ComparedTable,
  TableChanges,
} from "../../services/lake/ComparedRows.ts"
import type { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { hasMetaColumns } from "./ColumnIndexes.ts"
import { type ColumnMatches, type ColumnMatching, matchesByName } from "./ColumnMatches.ts"
import { readObject } from "./RecordReading.ts"

export const isAfter = (a: ChangePosition, b: ChangePosition): boolean =>
  a.lsn > b.lsn || (a.lsn === b.lsn && a.seq > b.seq)

export const beforeEverything: ChangePosition = { lsn: "", seq: 0 }

/** The meta columns of a row of `inc`. */
export interface IncChange extends ChangePosition {
  readonly op: string
  readonly xid: number
}

const lsnText = /^[0-9A-F]{8}\/[0-9A-F]{8}$/

/** Returns undefined if the record is no row of `inc`. */
export const changeOf = (record: CsvRecord): IncChange | undefined => {
  const { bytes, bounds } = record
  const text = (field: number) => bytes.toString("latin1", bounds[2 * field], bounds[2 * field + 1])
  const [op, lsn, seq, xid] = [text(0), text(1), Number(text(2)), Number(text(3))]
  const isChange =
    "IUDT".includes(op) && op.length === 1 && lsnText.test(lsn) && Number.isSafeInteger(seq) && seq > 0
  return isChange && Number.isInteger(xid) ? { op, lsn, seq, xid } : undefined
}

const before = metaColumns.indexOf("_before")
const unchanged = metaColumns.indexOf("_unchanged")
/** Index of `_partition`, in the datasets of partitioned tables. */
export const partition = metaColumns.length

/** Returns the old values by column, as byte strings. Throws if the field is not a valid `_before`. */
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

const noColumns: ReadonlyArray<number> = []

/** Adds the changes of one object. */
const changeRows = (
  table: ComparedTable,
  matchesOf: (header: ReadonlyArray<string>) => ColumnMatches,
  writer: ChangeWriter,
  object: number,
) => {
  const columns = table.columns.map(toBytes)
  const head = metaColumnsOf(table.isPartitioned).length
  let matches = matchesByName(columns, [])
  const unsent = (record: CsvRecord): ReadonlyArray<number> => {
    const names = fieldText(record, unchanged)
    if (names === null) return noColumns
    return parseTextArray(names)
      .map((name) => columns.indexOf(matches.present(name) ?? ""))
      .filter((index) => index >= 0)
  }
  const partitionIn = (record: CsvRecord) => (table.isPartitioned ? fieldText(record, partition) : null)
  /** Returns the old values under the present names, and those of columns that the old row did not have yet. */
  const oldOf = (record: CsvRecord): ReadonlyMap<string, string> | undefined => {
    const old = beforeOf(record)
    if (old === undefined) return undefined
    const values = new Map<string, string>()
    for (const [name, value] of old) {
      const present = matches.present(name)
      if (present !== undefined) values.set(present, value)
    }
    for (const [i, column] of columns.entries()) {
      const missing = matches.missing[i] ?? null
      if ((matches.indexes[i] ?? -1) < 0 && missing !== null) values.set(column, missing)
    }
    return values
  }
  return {
    header: (names: ReadonlyArray<string>) => {
      matches = matchesOf(names.slice(head))
      writer.columns(
        matches.indexes.map((index) => (index < 0 ? -1 : index + head)),
        matches.missing,
      )
    },
    row: (record: CsvRecord, { op, lsn, seq }: IncChange, line: number) => {
      const old = oldOf(record)
      writer.add(
        { object, line, op, lsn, seq, unsent: unsent(record), old, partition: partitionIn(record) },
        record,
      )
    },
  }
}

export interface IncReading {
  readonly table: ComparedTable
  readonly matching: ColumnMatching
  /** False for an object of the rows that only the slot holds yet. */
  readonly isInLake: boolean
  readonly stored: TableChanges
  /** True for a change that the table's snapshot sees and the `full` does not. */
  readonly counts: (change: IncChange) => boolean
  readonly onBytes: (bytes: number) => void
}

export interface ObjectRead {
  readonly findings: ReadonlyArray<LakeFinding>
  readonly rows: number
  readonly counted: number
  /** The table's columns in the header, as byte strings. */
  readonly columns: ReadonlyArray<string>
  /** The latest position so far. */
  readonly last: ChangePosition
  /** True if a row is not after the latest row before it. */
  readonly disordered: boolean
}

/** Reads one object, `object` being its number. Begins again if the lake fails in the middle of it. */
export const readInc = Effect.fn("IncReading.readInc")(function* (
  store: ObjectStore["Service"],
  key: string,
  object: number,
  after: ChangePosition,
  { table, matching, isInLake, stored, counts, onBytes }: IncReading,
) {
  const start = yield* stored.length
  return yield* retrying(
    limitedRetry,
    Effect.gen(function* () {
      yield* stored.cut(start)
      const writer = stored.writer(table)
      const matchesOf = (names: ReadonlyArray<string>) => matching.inInc(names, isInLake ? key : undefined)
      const rows = changeRows(table, matchesOf, writer, object)
      const head = metaColumnsOf(table.isPartitioned)
      const findings: Array<LakeFinding> = []
      let fields: number | undefined
      let columns: ReadonlyArray<string> = []
      let isOurs = true
      let line = 0
      let counted = 0
      let last = after
      let disordered = false
      /** The partitions that the last TRUNCATE has emptied so far. */
      const emptied = new Set<string | null>()
      const isOfSameTruncate = ({ op, lsn, seq }: IncChange, partitionOfRow: string | null) =>
        table.isPartitioned &&
        op === "T" &&
        emptied.size > 0 &&
        lsn === last.lsn &&
        seq === last.seq &&
        !emptied.has(partitionOfRow)
      let broken: number | undefined
      const header = (record: CsvRecord) => {
        const names = Array.from({ length: record.fields }, (_, field) => fieldText(record, field) ?? "")
        fields = names.length
        isOurs = hasMetaColumns(names, table.isPartitioned)
        columns = isOurs ? names.slice(head.length) : []
        rows.header(names)
      }
      const row = (record: CsvRecord) => {
        line++
        const change = record.fields === fields ? changeOf(record) : undefined
        if (change === undefined) {
          broken ??= line
          return
        }
        if (isAfter(change, last)) {
          last = change
          emptied.clear()
        } else if (!isOfSameTruncate(change, fieldText(record, partition))) disordered = true
        if (change.op === "T") emptied.add(fieldText(record, partition))
        if (!counts(change)) return
        try {
          rows.row(record, change, line)
          counted++
        } catch {
          // `_before` is not valid JSON. It is read first, so that nothing of the row was added.
          broken ??= line
        }
      }
      const onRecord = (record: CsvRecord) => {
        if (fields === undefined) header(record)
        else if (isOurs) row(record)
      }
      const whole = yield* readObject(store, key, writer, onRecord, ({ length }) => onBytes(length))
      const report = (kind: "header" | "row", why: string) => findings.push({ kind, object: key, why })
      if (fields === undefined || !isOurs) report("header", `it does not begin with ${head.join(",")}`)
      if (broken !== undefined || !whole) {
        report(
          "row",
          `row ${broken ?? line + 1} is not one of ours: it is cut short, or its first columns say nothing that they may say`,
        )
      }
      const read: ObjectRead = { findings, columns, rows: line, counted, last, disordered }
      return read
    }),
  )
})
