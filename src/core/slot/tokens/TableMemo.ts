/**
 * Remembers the names and types of each table. Successive lines repeat them, so that a comparison of bytes replaces reading
 * them again. It is only a cache: without it a line reads the same.
 */
import { FixedBytes } from "../../bytes/FixedBytes.ts"
import type { Table } from "../Change.ts"
import { type Literal, literalOf } from "../text/PrintedLiteral.ts"

export interface Column {
  readonly name: string
  readonly type: string
  readonly literal: Literal
  /** As printed before its value: ` nome[character varying]:`. */
  readonly printed: FixedBytes
}

export const column = (printed: string, name: string, type: string): Column => ({
  name,
  type,
  literal: literalOf(type),
  printed: new FixedBytes(printed),
})

/** Returns a text that identifies the table. */
export const tableKey = ({ schema, name }: Table): string => `${schema}\0${name}`

export class KnownTable {
  /** As printed, with the colon: `public.cliente:`. */
  readonly printed: FixedBytes
  readonly table: Table
  readonly key: string
  /** The columns of the last whole row, and those that old rows have named since. Replaced, never mutated. */
  columns: ReadonlyArray<Column> = []

  constructor(printed: string, table: Table) {
    this.printed = new FixedBytes(printed)
    this.table = table
    this.key = tableKey(table)
  }

  /** Adds columns that an old row names, in its order. */
  addOld(named: ReadonlyArray<Column>): void {
    if (named.length > mostColumns) return
    const names = new Set(named.map(({ name }) => name))
    const merged: Array<Column> = []
    let next = 0
    for (const column of named) {
      const index = this.columns.indexOf(column, next)
      if (index !== -1) {
        merged.push(...this.columns.slice(next, index).filter(({ name }) => !names.has(name)))
        next = index + 1
      }
      merged.push(column)
    }
    merged.push(...this.columns.slice(next).filter(({ name }) => !names.has(name)))
    this.columns = merged.slice(0, mostColumns)
  }
}

/** The memo is cleared at this size, so that memory stays bounded. */
const mostTables = 4096

/** PostgreSQL's own limit for a table, MaxHeapAttributeNumber. */
export const mostColumns = 1600

export class TableMemo {
  readonly #tables = new Map<string, KnownTable>()

  /** Returns the table by its printed name, the colon included. */
  get(printed: string): KnownTable | undefined {
    return this.#tables.get(printed)
  }

  add(printed: string, table: Table): KnownTable {
    if (this.#tables.size >= mostTables) this.#tables.clear()
    const known = new KnownTable(printed, table)
    this.#tables.set(printed, known)
    return known
  }
}
