/** The table of people whose columns the settings mask. */
import type { TableDefinition } from "../../../../layers/memory/postgres/MemoryTable.ts"

/** A column of text that may be NULL. */
export const textColumn = (name: string) => ({ name, type: "text", nullable: true })

/** `db_loja.cliente`: an id, which is its key, and columns of text. */
export const peopleTable = (...texts: ReadonlyArray<string>): TableDefinition => ({
  table: { schema: "db_loja", name: "cliente" },
  columns: [{ name: "id", type: "integer", nullable: false }, ...texts.map(textColumn)],
  primaryKey: ["id"],
})
