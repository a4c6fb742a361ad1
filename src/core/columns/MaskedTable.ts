/**
 * What the lake remembers of a masked table (`masked.DATASET`), so that no rename, detached partition or the like brings its
 * values in clear: entries of COLUMNS_EXCLUDE and COLUMNS_HASH know tables and columns by their names only.
 */
import { Option, Schema } from "effect"
import { parseTable, printInSql, sameTable, type TableName } from "../source/SourceTable.ts"
import { type ColumnEntry, concernsColumn, concernsTable } from "./ColumnEntry.ts"
import { type ColumnRules, type MaskedColumns, type Projection, projectionFor } from "./Projection.ts"

const MaskedTableText = Schema.fromJsonString(
  Schema.Struct({
    /** The names, as printed in SQL, under which entries were about it. */
    names: Schema.Array(Schema.String),
    /** OIDs of the table and its leaves, also of earlier ones. */
    oids: Schema.Array(Schema.Int),
    /** The OID of the table that `columns` are of. */
    oid: Schema.NullOr(Schema.Int),
    /** By `attnum`: the name under which the column was masked. */
    columns: Schema.Record(Schema.String, Schema.String),
  }),
)
export type MaskedTable = typeof MaskedTableText.Type

export const printMasked = (masked: MaskedTable): string => JSON.stringify(masked)

const decodeMasked = Schema.decodeUnknownOption(MaskedTableText)

/** Reads the output of `printMasked`; none for anything else, as another key in it would be lost with the next watermark. */
export const parseMasked = (text: string): Option.Option<MaskedTable> =>
  Option.filter(decodeMasked(text), (masked) => printMasked(masked) === text)

const noColumns: MaskedColumns = new Map()

export const columnsOfMasked = (masked: MaskedTable | undefined): MaskedColumns =>
  masked === undefined
    ? noColumns
    : new Map(Object.entries(masked.columns).map(([attnum, name]) => [Number(attnum), name]))

/** Returns the record with the table's columns as they are now. One that was renamed keeps its masked name. */
export const withColumns = (
  masked: MaskedTable,
  projection: Projection,
  columns: ReadonlyArray<{ readonly name: string; readonly attnum: number }>,
): MaskedTable => {
  const before = columnsOfMasked(masked)
  const now = columns.flatMap(({ name, attnum }) => {
    const earlier = before.get(attnum)
    const known = projection.isMasked(name) ? name : earlier
    return known !== undefined && projection.isMasked(known) ? [[String(attnum), known] as const] : []
  })
  return { ...masked, columns: Object.fromEntries(now) }
}

/** A table with the names of its dataset that entries may use. */
export interface MaskedNow {
  readonly names: ReadonlyArray<TableName>
  readonly oid: number
  /** Its own and those of its leaves. */
  readonly oids: ReadonlyArray<number>
}

/** Returns what is remembered of the table from now on. Undefined if nothing of it is, or was, masked. */
export const remembered = (
  rules: ColumnRules,
  before: MaskedTable | undefined,
  { names, oid, oids }: MaskedNow,
): MaskedTable | undefined => {
  const about = names.filter((name) => projectionFor(rules, [name]) !== undefined)
  // The settings may mask it again.
  if (about.length === 0) return before
  return {
    names: [...new Set(about.map(printInSql))],
    oids: [...new Set([...(before?.oids ?? []), ...oids])],
    oid,
    columns: before?.oid === oid ? before.columns : {},
  }
}

const isCovered = (entry: ColumnEntry, others: ReadonlyArray<ColumnEntry>): boolean =>
  others.some(
    (other) =>
      other.column.regex === entry.column.regex ||
      (entry.column.literal !== undefined && concernsColumn(other, entry.column.literal)),
  )

/** Returns the entries that mask columns of a table under its earlier names, and under none of its present ones. */
export const lostEntries = (
  { excluded, hashed }: ColumnRules,
  earlier: ReadonlyArray<TableName>,
  present: ReadonlyArray<TableName>,
): ReadonlyArray<ColumnEntry> => {
  const all = [...excluded, ...hashed]
  const isAbout = (names: ReadonlyArray<TableName>) => (entry: ColumnEntry) =>
    names.some((name) => concernsTable(entry, name))
  const now = all.filter(isAbout(present))
  return all.filter(isAbout(earlier)).filter((entry) => !isCovered(entry, now))
}

/** A table whose columns were masked under another name, and would not be any more. */
export interface LostMask {
  /** A name under which it was masked. */
  readonly from: TableName
  /** The entries that were about it, and are still in the settings. */
  readonly entries: ReadonlyArray<ColumnEntry>
}

/** Finds tables that lose their mask without a change of COLUMNS_EXCLUDE and COLUMNS_HASH. */
export class MaskMemory {
  readonly #rules: ColumnRules
  readonly #byOid = new Map<number, Array<ReadonlyArray<TableName>>>()

  constructor(rules: ColumnRules, masked: Iterable<MaskedTable>) {
    this.#rules = rules
    for (const { names, oids } of masked) {
      const tables = names.flatMap((name) => Option.toArray(parseTable(name)))
      for (const oid of oids) this.#byOid.set(oid, [...(this.#byOid.get(oid) ?? []), tables])
    }
  }

  /** `oids` are those of the table and its leaves, `names` its present ones. */
  lost(oids: ReadonlyArray<number>, names: ReadonlyArray<TableName>): LostMask | undefined {
    for (const earlier of oids.flatMap((oid) => this.#byOid.get(oid) ?? [])) {
      const entries = lostEntries(this.#rules, earlier, names)
      const from = earlier.find(
        (name) =>
          !names.some((one) => sameTable(one, name)) && lostEntries(this.#rules, [name], names).length > 0,
      )
      if (from !== undefined && entries.length > 0) return { from, entries }
    }
    return undefined
  }
}
