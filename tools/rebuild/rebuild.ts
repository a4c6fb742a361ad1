/**
 * Rebuilds a table from its newest copy and the changes after it, by the published rules alone: columns by their numbers, rows
 * by the primary key, leaves by `_partition`.
 */
import { type CsvObject, type DatasetFiles, type IncObject, readCsvObject } from "./datasetFiles.ts"
import { arrayElements, metaColumns } from "./incFormat.ts"
import { isSeen } from "./snapshot.ts"

/** By column: its number, or its name where the lake knows no number. */
type Values = Map<number | string, string | null>
interface Row {
  readonly partition: string | null
  readonly values: Values
}

/** A column of the table now. */
export interface WantedColumn {
  readonly name: string
  readonly attnum: number
  /** What rows older than the column hold, where the server still says so. */
  readonly missing: string | null
  readonly isKey: boolean
}

export interface Rebuilt {
  /** By the columns that were asked for. */
  readonly rows: ReadonlyArray<ReadonlyArray<string | null>>
  /** What the rules do not allow, the first few of each. */
  readonly problems: ReadonlyArray<string>
  readonly changes: number
}

type ColumnIds = ReadonlyMap<string, number | string>

const idsOf = (
  columns: ReadonlyArray<{ readonly name: string; readonly attnum?: number | null }>,
): ColumnIds => new Map(columns.map(({ name, attnum }) => [name, attnum ?? name]))

class Rebuilding {
  readonly problems: Array<string> = []
  readonly rows = new Map<string, Row>()
  readonly missing = new Map<number, string>()
  changes = 0
  #last = ""
  readonly #partitionsAtLast = new Set<string | null>()
  readonly #key: ReadonlyArray<WantedColumn>
  readonly #snapshot: string

  constructor(columns: ReadonlyArray<WantedColumn>, snapshot: string) {
    this.#key = columns.filter(({ isKey }) => isKey)
    this.#snapshot = snapshot
  }

  get(values: Values, { attnum, name, missing }: WantedColumn): string | null {
    const id = values.has(attnum) ? attnum : name
    return values.has(id) ? (values.get(id) ?? null) : (this.missing.get(attnum) ?? missing)
  }

  #keyOf(values: Values): string {
    return JSON.stringify(this.#key.map((column) => this.get(values, column)))
  }

  problem(what: string): void {
    if (this.problems.length < 10) this.problems.push(what)
  }

  copied({ header, rows }: CsvObject, ids: ColumnIds, partition: string | null, key: string): void {
    for (const row of rows) {
      const values: Values = new Map(header.map((name, i) => [ids.get(name) ?? name, row[i] ?? null]))
      if (this.rows.has(this.#keyOf(values))) this.problem(`${key}: has ${this.#keyOf(values)} twice`)
      this.rows.set(this.#keyOf(values), { partition, values })
    }
  }

  inc(object: IncObject, { header, rows }: CsvObject): void {
    const hasPartition = header[metaColumns.length] === "_partition"
    const meta = metaColumns.length + (hasPartition ? 1 : 0)
    const names = header.slice(meta)
    // A writer that was killed between object and schema leaves it to the next one, which may work under other masks: then
    // the copy that these ask for has the object's rows.
    const isDescribed = object.columns?.map(({ name }) => name).join("\0") === names.join("\0")
    const ids = idsOf((isDescribed ? object.columns : undefined) ?? names.map((name) => ({ name })))
    let isToldOf = isDescribed
    for (const row of rows) {
      const where = `${row[0]} at ${row[1]} ${row[2]} in ${object.key}`
      const partition = hasPartition ? (row[metaColumns.length] ?? null) : null
      this.#inOrder(`${row[1]} ${(row[2] ?? "").padStart(12, "0")}`, partition, where)
      this.changes++
      if (isSeen(this.#snapshot, Number(row[3]))) continue
      if (!isToldOf) this.problem(`${object.key}: its header is not that of its schema: ${names.join()}`)
      isToldOf = true
      const values: Values = new Map(names.map((name, i) => [ids.get(name) ?? name, row[meta + i] ?? null]))
      this.#apply(row, { partition, values }, ids, where)
    }
  }

  /** Only the leaves of one TRUNCATE share a position. */
  #inOrder(at: string, partition: string | null, where: string): void {
    if (at < this.#last) this.problem(`${where}: after ${this.#last}`)
    if (at !== this.#last) this.#partitionsAtLast.clear()
    if (this.#partitionsAtLast.has(partition)) this.problem(`${where}: a second time`)
    this.#partitionsAtLast.add(partition)
    this.#last = at
  }

  #apply(row: ReadonlyArray<string | null>, now: Row, ids: ColumnIds, where: string): void {
    switch (row[0]) {
      case "T":
        for (const [key, one] of this.rows)
          if (now.partition === null || one.partition === now.partition) this.rows.delete(key)
        return
      case "I":
        if (this.rows.has(this.#keyOf(now.values))) this.problem(`${where}: the row is there already`)
        this.rows.set(this.#keyOf(now.values), now)
        return
      case "D":
        if (!this.rows.delete(this.#keyOf(now.values))) this.problem(`${where}: the row is not there`)
        return
      default:
        this.#update(row, now, ids, where)
    }
  }

  #update(row: ReadonlyArray<string | null>, now: Row, ids: ColumnIds, where: string): void {
    // What the format says of `_before`: an object whose values are texts.
    const before: Values =
      row[5] == null
        ? now.values
        : new Map(
            Object.entries(JSON.parse(row[5]) as Record<string, string>).map(([name, value]) => [
              ids.get(name) ?? name,
              value,
            ]),
          )
    const oldKey = this.#keyOf(before)
    const old = this.rows.get(oldKey)
    if (old === undefined) this.problem(`${where}: the row is not there`)
    this.rows.delete(oldKey)
    const unsent = new Set(row[6] == null ? [] : arrayElements(row[6]))
    for (const name of unsent) {
      const id = ids.get(name) ?? name
      if (old?.values.has(id) === true) now.values.set(id, old.values.get(id) ?? null)
      else now.values.delete(id)
    }
    if (this.rows.has(this.#keyOf(now.values))) this.problem(`${where}: its new key is there already`)
    this.rows.set(this.#keyOf(now.values), now)
  }
}

/** `columns` are those that the lake shall have. */
export const rebuild = (
  { folder, manifest, inc }: DatasetFiles,
  columns: ReadonlyArray<WantedColumn>,
): Rebuilt => {
  if (manifest === undefined) return { rows: [], problems: ["there is no copy"], changes: 0 }
  const work = new Rebuilding(columns, manifest.snapshot)
  const known = [...manifest.columns, ...inc.flatMap((object) => object.columns ?? [])]
  for (const { attnum, missing } of known)
    if (attnum != null && missing !== undefined) work.missing.set(attnum, missing)
  const ids = idsOf(manifest.columns)
  for (const { object, partition } of manifest.objects)
    work.copied(readCsvObject(folder, object), ids, partition ?? null, object)
  for (const object of inc) work.inc(object, readCsvObject(folder, object.key))
  const rows = [...work.rows.values()].map(({ values }) => columns.map((column) => work.get(values, column)))
  return { rows, problems: work.problems, changes: work.changes }
}
