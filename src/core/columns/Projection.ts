/**
 * What happens to each column of a table on its way to the lake. It is applied in two places: to the lines of the slot
 * (`ProjectedTuples.ts`) and to the rows of a COPY (`ProjectedCopy.ts`).
 */
import type { TableName } from "../source/SourceTable.ts"
import { type ColumnEntry, concernsColumn, concernsTable } from "./ColumnEntry.ts"

/** `drop`: the column is nowhere in the lake. `hash`: the lake has the hash of each value instead of the value. */
export type ColumnFate = "keep" | "drop" | "hash"

/** HMAC-SHA-256 under the key of COLUMNS_HASH_KEY, lower-case hexadecimal: 64 characters. */
export interface ValueHashing {
  readonly hash: (value: Uint8Array) => string
  /** Hashes a value that is not in memory as a whole. */
  readonly begin: () => { readonly update: (part: Uint8Array) => void; readonly end: () => string }
}

/** The length of a hash in bytes. */
export const hashBytes = 64

export interface ColumnRules {
  /** COLUMNS_EXCLUDE. */
  readonly excluded: ReadonlyArray<ColumnEntry>
  /** COLUMNS_HASH. */
  readonly hashed: ReadonlyArray<ColumnEntry>
  readonly hashing: ValueHashing
  /** ON_NEW_COLUMN: `exclude` drops the columns that the lake does not know yet, of tables that an entry is about. */
  readonly onNewColumn: "include" | "exclude"
}

/** The columns that were masked: by `attnum`, which a rename keeps, the name of each. */
export type MaskedColumns = ReadonlyMap<number, string>

/** Columns that were masked under another name, and that no entry is about any more: by present name, the earlier one. */
export type RenamedColumns = ReadonlyMap<string, string>

/** What the lake knows of a table's columns. */
export interface KnownColumns {
  /** Others are dropped. Undefined if all are kept unless an entry names them. */
  readonly inLake: ReadonlySet<string> | undefined
  readonly masked: MaskedColumns
}

const noRenamed: RenamedColumns = new Map()

export class Projection {
  /** The rules that are about the table. */
  readonly rules: ColumnRules
  readonly hashing: ValueHashing
  /** They are dropped: only the settings lift a mask. */
  readonly renamed: RenamedColumns
  readonly #known: KnownColumns | undefined
  readonly #newColumns = new Set<string>()
  #hasDropped = false

  constructor(rules: ColumnRules, known?: KnownColumns, renamed = noRenamed) {
    this.rules = rules
    this.hashing = rules.hashing
    this.renamed = renamed
    this.#known = known
  }

  /** The same rules, and other columns are dropped too. */
  knowing(known: KnownColumns | undefined): Projection {
    return new Projection(this.rules, known, this.renamed)
  }

  keepingOut(renamed: RenamedColumns = noRenamed): Projection {
    return renamed.size === 0
      ? this
      : new Projection(this.rules, this.#known, new Map([...this.renamed, ...renamed]))
  }

  /** Returns the projection of a table with these columns, of which some may have been masked under another name. */
  ofColumns(columns: ReadonlyArray<{ readonly name: string; readonly attnum: number }>): Projection {
    const renamed = columns.flatMap(({ name, attnum }) => {
      const earlier = this.#known?.masked.get(attnum)
      const isUnmasked = earlier !== undefined && this.isMasked(earlier) && !this.isMasked(name)
      return isUnmasked ? [[name, earlier] as const] : []
    })
    return this.keepingOut(new Map(renamed))
  }

  /** True if an entry is about a column of this name. */
  isMasked(column: string): boolean {
    const { excluded, hashed } = this.rules
    return [...excluded, ...hashed].some((entry) => concernsColumn(entry, column))
  }

  /** True if `fateOf` was asked about a column that is dropped. */
  get hasDropped(): boolean {
    return this.#hasDropped
  }

  /** Columns that `fateOf` was asked about, and that are dropped because the lake does not know them. */
  get newColumns(): ReadonlySet<string> {
    return this.#newColumns
  }

  /** A column that both lists name is dropped. */
  fateOf(column: string): ColumnFate {
    const isIn = (entries: ReadonlyArray<ColumnEntry>) =>
      entries.some((entry) => concernsColumn(entry, column))
    const { excluded, hashed } = this.rules
    const isExcluded = isIn(excluded)
    const isHidden = this.renamed.has(column) && !this.isMasked(column)
    const isNew = !isExcluded && !isHidden && this.#known?.inLake?.has(column) === false
    if (isNew) this.#newColumns.add(column)
    if (isExcluded || isHidden || isNew) {
      this.#hasDropped = true
      return "drop"
    }
    return isIn(hashed) ? "hash" : "keep"
  }
}

const isEmpty = ({ excluded, hashed }: ColumnRules): boolean => excluded.length === 0 && hashed.length === 0

/**
 * Returns the projection of a table that has, or had, these names: an entry that is about one of them applies, so that a
 * rename of the table unmasks no column. Undefined if all columns are kept, whatever they are called.
 */
export const projectionFor = (
  rules: ColumnRules,
  names: ReadonlyArray<TableName>,
): Projection | undefined => {
  if (isEmpty(rules)) return undefined
  const about = (entries: ReadonlyArray<ColumnEntry>) =>
    entries.filter((entry) => names.some((name) => concernsTable(entry, name)))
  const found = { ...rules, excluded: about(rules.excluded), hashed: about(rules.hashed) }
  return isEmpty(found) ? undefined : new Projection(found)
}

export const isDropped = (projection: Projection | undefined, column: string): boolean =>
  projection?.fateOf(column) === "drop"

export const isHashed = (projection: Projection | undefined, column: string): boolean =>
  projection?.fateOf(column) === "hash"

/** A table's columns, under all names of the table that an entry may use. */
export interface NamedColumns {
  readonly names: ReadonlyArray<TableName>
  readonly columns: ReadonlyArray<string>
}

/** Returns the entries that are about no column of these tables: perhaps a typing error, perhaps a renamed column. */
export const unmatchedEntries = (
  entries: ReadonlyArray<ColumnEntry>,
  tables: ReadonlyArray<NamedColumns>,
): ReadonlyArray<ColumnEntry> =>
  entries.filter(
    (entry) =>
      !tables.some(
        ({ names, columns }) =>
          names.some((name) => concernsTable(entry, name)) &&
          columns.some((column) => concernsColumn(entry, column)),
      ),
  )
