/**
 * What the lines before have shown of each table: successive lines repeat the same names and types, so a comparison
 * can stand for reading them again. It halves the cost of a line, and the names of all lines are then the same
 * strings, which makes comparing them nearly free. Only a memory: with or without it a line reads the same.
 */
import type { Table } from "./Change.ts"
import type { Literal } from "./text/PrintedLiteral.ts"

export interface Column {
  /** As printed, with what stands around it: ` nome[character varying]:`. */
  readonly printed: string
  readonly name: string
  readonly type: string
  readonly literal: Literal
}

export interface KnownTable {
  /** As printed, with the colon behind it: `public.cliente:`. */
  readonly printed: string
  readonly table: Table
  /** The columns of the last whole row. */
  readonly columns: Array<Column>
}

/** More than these are forgotten, so that memory stays bounded. */
const mostTables = 256

/** PostgreSQL's own limit for a table, MaxHeapAttributeNumber. */
export const mostColumns = 1600

/** A copy: a slice would keep the whole chunk alive that the line was cut from. */
export const owned = (slice: string): string => ` ${slice}`.slice(1)

export class KnownTables {
  readonly #tables = new Map<string, KnownTable>()
  /** That of the line before. */
  latest: KnownTable | undefined

  recall(printed: string, table: Table): KnownTable {
    this.latest = this.#tables.get(printed) ?? this.#remember(printed, table)
    return this.latest
  }

  #remember(printed: string, table: Table): KnownTable {
    if (this.#tables.size >= mostTables) this.#tables.clear()
    const known: KnownTable = {
      printed: owned(printed),
      table: { schema: owned(table.schema), name: owned(table.name) },
      columns: [],
    }
    this.#tables.set(known.printed, known)
    return known
  }
}
