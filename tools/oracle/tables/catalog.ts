/** What a session sees of a table, partitioned or not: asked anew before each step, so that no book-keeping can go wrong. */
import { Effect } from "effect"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import type { TestSession } from "../../../test/support/postgres/pgClient.ts"

export interface LiveColumn {
  readonly name: string
  readonly attnum: number
  readonly type: string
  /** What rows older than the column hold. */
  readonly missing: string | null
  readonly isKey: boolean
}

export interface LiveTable {
  readonly isPartitioned: boolean
  readonly columns: ReadonlyArray<LiveColumn>
}

/** A leaf of one value of `mes`. */
export interface LiveLeaf {
  readonly table: TableName
  readonly parent: TableName
  readonly mes: number
}

/** The text that the lake has of a value. */
export const lakeText = (type: string, value: string | null): string | null =>
  type === "boolean" && value !== null ? (value === "t" ? "true" : "false") : value

const columnsSql = `
  SELECT c.relkind::text AS kind, a.attname AS name, a.attnum AS attnum, format_type(a.atttypid, a.atttypmod) AS type,
         (a.attmissingval::text::text[])[1] AS missing,
         EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY (i.indkey)) AS key
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')
   ORDER BY a.attnum`

/** Undefined where there is no such table. */
export const lookAtTable = ({ sql }: TestSession, { schema, name }: TableName) =>
  Effect.map(sql(columnsSql, [schema, name]), (rows): LiveTable | undefined =>
    rows.length === 0
      ? undefined
      : {
          isPartitioned: rows[0]?.["kind"] === "p",
          columns: rows.map((row) => ({
            name: row["name"] ?? "",
            attnum: Number(row["attnum"]),
            type: row["type"] ?? "",
            missing: lakeText(row["type"] ?? "", row["missing"] ?? null),
            isKey: row["key"] === "t",
          })),
        },
  )

const leavesSql = `
  SELECT n.nspname AS schema, c.relname AS name, p.relname AS parent, q.nspname AS parent_schema,
         substring(pg_get_expr(c.relpartbound, c.oid) from 'FROM \\(''?(\\d+)') AS mes
    FROM pg_partition_tree(to_regclass($1)) t
    JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class p ON p.oid = t.parentrelid JOIN pg_namespace q ON q.oid = p.relnamespace
   WHERE t.isleaf ORDER BY c.oid`

export const lookAtLeaves = ({ sql }: TestSession, root: string) =>
  Effect.map(sql(leavesSql, [root]), (rows) =>
    rows.map(
      (row): LiveLeaf => ({
        table: { schema: row["schema"] ?? "", name: row["name"] ?? "" },
        parent: { schema: row["parent_schema"] ?? "", name: row["parent"] ?? "" },
        mes: Number(row["mes"]),
      }),
    ),
  )
