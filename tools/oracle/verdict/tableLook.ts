/** What a session sees of a table at this moment, in its own transaction: no book-keeping of ours could go wrong. */
import { Effect } from "effect"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import type { TestSession } from "../../../test/support/postgres/pgClient.ts"

export interface Column {
  readonly name: string
  readonly type: string
  /** The table makes its value: nobody may give one. */
  readonly isMade: boolean
  /** Made when it is read: the log holds none. From PostgreSQL 18. */
  readonly isVirtual: boolean
  readonly isRequired: boolean
  /** Of the key by which the log says which row it was. */
  readonly isKey: boolean
}

export interface Look {
  readonly columns: ReadonlyArray<Column>
  /** What the log holds of an old row. */
  readonly identity: "full" | "key" | "none"
}

const lookSql = `
  SELECT c.relreplident::text AS identity, i.indexrelid IS NOT NULL AS has_key, a.attname AS name,
         format_type(a.atttypid, a.atttypmod) AS type, a.attgenerated <> '' OR a.attidentity <> '' AS made, a.attgenerated = 'v' AS virtual,
         a.attnotnull AS required, a.attnum = ANY (i.indkey) AS key
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_index i ON i.indrelid = c.oid
          AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END
   WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind = 'r'
   ORDER BY a.attnum`

/** Undefined where there is no such table. */
export const lookAt = (session: TestSession, { schema, name }: TableName) =>
  Effect.map(session.sql(lookSql, [schema, name]), (rows): Look | undefined => {
    const [first] = rows
    if (first === undefined) return undefined
    return {
      identity: first["identity"] === "f" ? "full" : first["has_key"] === "t" ? "key" : "none",
      columns: rows.flatMap((row) =>
        row["name"] == null
          ? []
          : [
              {
                name: row["name"],
                type: row["type"] ?? "",
                isMade: row["made"] === "t",
                isVirtual: row["virtual"] === "t",
                isRequired: row["required"] === "t",
                isKey: row["key"] === "t",
              },
            ],
      ),
    }
  })
