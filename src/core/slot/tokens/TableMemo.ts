/**
 * Remembers the names and types of each table. Successive lines repeat them, so that a comparison of bytes replaces reading
 * them again. It is only a cache: without it a line reads the same.
 */
import { FixedBytes } from "../../bytes/FixedBytes.ts"
import { TableProjection } from "../../columns/ProjectedTuples.ts"
import type { Projection } from "../../columns/Projection.ts"
import type { Table } from "../Change.ts"
import type { Column } from "./Column.ts"

/** Returns a text that identifies the table. */
export const tableKey = ({ schema, name }: Table): string => `${schema}\0${name}`

/** Returns the projection of a table, whose names are byte strings. Undefined if all its columns are kept. */
export type ProjectionOf = (table: Table) => Projection | undefined

/** For those who read names only, and for tests. */
export const unprojected: ProjectionOf = () => undefined

export class KnownTable {
  /** As printed, with the colon: `public.cliente:`. */
  readonly printed: FixedBytes
  readonly table: Table
  readonly key: string
  /** Undefined if all columns are kept. */
  readonly projection: TableProjection | undefined
  /** The columns of the last whole row, and those that old rows have named since. Replaced, never mutated. */
  columns: ReadonlyArray<Column> = []

  constructor(printed: string, table: Table, projection: Projection | undefined) {
    this.printed = new FixedBytes(printed)
    this.table = table
    this.key = tableKey(table)
    this.projection = projection && new TableProjection(projection)
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
  readonly #projectionOf: ProjectionOf

  constructor(projectionOf: ProjectionOf) {
    this.#projectionOf = projectionOf
  }

  /** Returns the table by its printed name, the colon included. */
  get(printed: string): KnownTable | undefined {
    return this.#tables.get(printed)
  }

  add(printed: string, table: Table): KnownTable {
    if (this.#tables.size >= mostTables) this.#tables.clear()
    const known = new KnownTable(printed, table, this.#projectionOf(table))
    this.#tables.set(printed, known)
    return known
  }
}
