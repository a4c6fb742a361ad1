/** The table now, as the lake shall have it: SQL, and what is made of its answers (texts, as the server prints them). */
import { quoteIdentifier } from "../../src/core/source/SourceTable.ts"
import { keptColumns, type Masks, masked } from "./masks.ts"
import type { WantedColumn } from "./rebuild.ts"

type TextRow = Readonly<Record<string, string | null>>

export interface LiveColumn extends WantedColumn {
  readonly type: string
}

/** The columns of the table with the schema `$1` and the name `$2`; no rows where there is none. */
export const columnsSql = `
  SELECT c.relkind::text AS kind, a.attname AS name, a.attnum AS attnum, format_type(a.atttypid, a.atttypmod) AS type,
         (a.attmissingval::text::text[])[1] AS missing,
         EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY (i.indkey)) AS key
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')
   ORDER BY a.attnum`

/** The text that the lake has of a value. */
const lakeText = (type: string, value: string | null): string | null =>
  type === "boolean" && value !== null ? (value === "t" ? "true" : "false") : value

export const columnsOf = (rows: ReadonlyArray<TextRow>): ReadonlyArray<LiveColumn> =>
  rows.map((row) => ({
    name: row["name"] ?? "",
    attnum: Number(row["attnum"]),
    type: row["type"] ?? "",
    missing: lakeText(row["type"] ?? "", row["missing"] ?? null),
    isKey: row["key"] === "t",
  }))

/** `table` as in SQL. Values have plain names: some of the columns' own cannot be the key of an object in JavaScript. */
export const rowsSql = (table: string, columns: ReadonlyArray<LiveColumn>): string =>
  `SELECT 1${columns.map(({ name }, i) => `, ${quoteIdentifier(name)} AS c${i}`).join("")} FROM ${table}`

export interface LakeView {
  readonly columns: ReadonlyArray<LiveColumn>
  /** By these columns. */
  readonly rows: (answer: ReadonlyArray<TextRow>) => ReadonlyArray<ReadonlyArray<string | null>>
}

/** What the lake has of the table under these masks. */
export const lakeView = (masks: Masks, all: ReadonlyArray<LiveColumn>): LakeView => {
  const columns = keptColumns(masks, all)
  return {
    columns,
    rows: (answer) =>
      answer.map((row) =>
        columns.map(({ name, type }, i) => masked(masks, name, lakeText(type, row[`c${i}`] ?? null))),
      ),
  }
}
