/** What a session sees of a table, partitioned or not: asked anew before each step, so that no book-keeping can go wrong. */
import { Effect } from "effect"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import type { TestSession } from "../../../test/support/postgres/pgClient.ts"
import { columnsOf, columnsSql, type LiveColumn } from "../../rebuild/liveTable.ts"

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

/** Undefined where there is no such table. */
export const lookAtTable = ({ sql }: TestSession, { schema, name }: TableName) =>
  Effect.map(sql(columnsSql, [schema, name]), (rows): LiveTable | undefined =>
    rows.length === 0
      ? undefined
      : {
          isPartitioned: rows[0]?.["kind"] === "p",
          columns: columnsOf(rows),
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
