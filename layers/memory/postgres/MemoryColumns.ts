/** The columns of a table in memory, and the file that its rows are in. Changes take effect at once. */
import { createHash } from "node:crypto"
import { toBytes } from "../../../src/core/bytes/Bytes.ts"
import type { CatalogNumber } from "../../../src/core/columns/ColumnNumbers.ts"
import type { Tuple } from "../../../src/core/slot/Change.ts"
import type { TableFile } from "../../../src/core/tables/TableMark.ts"
import type { KeptColumns, SourceColumn } from "../../../src/services/source/SourceTables.ts"

/** Columns by name, as PostgreSQL prints the values; null is SQL NULL, and so is a missing column. */
export type Values = Readonly<Record<string, string | null>>

/** `missing`: an `ADD COLUMN … DEFAULT` whose value PostgreSQL keeps for older rows. */
export type DefinedColumn = Omit<SourceColumn, "attnum">

/** PostgreSQL moves values out of a row that grows over about 2 KB. Here each value counts alone. */
const keptInRowMax = 2000

/** The slot prints types without their modifiers: `numeric(12,2)` as `numeric`. */
const withoutModifier = (type: string): string => type.replace(/\(\d+(,-?\d+)?\)/, "")

export class MemoryColumns {
  all: ReadonlyArray<SourceColumn> = []
  /** `pg_class.relfilenode` */
  #file: number
  /** By `attnum`, dropped ones too. */
  readonly #numbers = new Map<number, CatalogNumber>()
  /** `pg_attribute.xmin`, by column; dropped ones stay. */
  readonly #xmins: Map<string, number>
  readonly #newXid: () => number

  /** `newXid` assigns the id of a transaction that alters the table. */
  constructor(
    defined: ReadonlyArray<DefinedColumn>,
    { file, xmin, newXid }: { readonly file: number; readonly xmin: number; readonly newXid: () => number },
  ) {
    this.#file = file
    this.#newXid = newXid
    this.#xmins = new Map(defined.map(({ name }) => [name, xmin]))
    this.all = defined.map((column) => this.#numbered(column, xmin))
  }

  /** Returns the columns that were not altered since then, as the catalog has them. */
  kept(since: number): KeptColumns {
    const isKept = (name: string) => (this.#xmins.get(name) ?? since) < since
    return {
      names: this.all.map(({ name }) => name).filter(isKept),
      isAll: [...this.#xmins.keys()].every(isKept),
    }
  }

  get numbers(): ReadonlyArray<CatalogNumber> {
    return [...this.#numbers.values()]
  }

  add(column: DefinedColumn): void {
    const xid = this.#newXid()
    this.#xmins.set(column.name, xid)
    this.all = [...this.all, this.#numbered(column, xid)]
  }

  drop(name: string): void {
    this.#changed(name, name, true)
    this.all = this.all.filter((column) => column.name !== name)
  }

  alter(name: string, change: Partial<SourceColumn>): void {
    this.#changed(name, change.name ?? name, false)
    this.all = this.all.map((column) => (column.name === name ? { ...column, ...change } : column))
  }

  /** Puts the rows into a new file: then no value is kept for older ones. */
  rewrite(): void {
    this.#file = this.#newXid()
    this.all = this.all.map(({ missing: _, ...column }) => column)
  }

  /** Returns a whole row as in the WAL. A large value that `before` has too is an unchanged TOAST value. */
  tuple(values: Values, before?: Values): Tuple {
    return this.all.map(({ name, type }) => {
      const value = values[name] ?? null
      const unsent = value !== null && value.length > keptInRowMax && before?.[name] === value
      return {
        name: toBytes(name),
        type: toBytes(withoutModifier(type)),
        value: unsent ? undefined : value && toBytes(value),
      }
    })
  }

  get file(): TableFile {
    const text = this.all.map(({ attnum, name, type }) => [attnum, name, type])
    const columns = createHash("sha256").update(JSON.stringify(text)).digest("hex").slice(0, 16)
    return { file: `${this.#file}`, columns }
  }

  #changed(name: string, nameNow: string, isDropped: boolean): void {
    const xid = this.#newXid()
    this.#xmins.set(nameNow, xid)
    const attnum = this.all.find((column) => column.name === name)?.attnum
    if (attnum !== undefined) this.#numbers.set(attnum, { attnum, isDropped, xid })
  }

  #numbered(column: DefinedColumn, xid: number): SourceColumn {
    const attnum = this.#numbers.size + 1
    this.#numbers.set(attnum, { attnum, isDropped: false, xid })
    return { ...column, attnum }
  }
}
