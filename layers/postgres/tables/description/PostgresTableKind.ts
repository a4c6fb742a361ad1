/** Reads what a name of the catalog stands for: a table, a view, something without rows, or nothing. */
import { Effect, Option } from "effect"
import { printTable, type TableName } from "../../../../src/core/source/SourceTable.ts"
import { SourceError } from "../../../../src/services/source/SourceError.ts"
import type { PostgresSession } from "../../connection/PostgresSession.ts"

const kindSql = `
  SELECT c.relkind::text AS kind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND c.relname = $2`

/**
 * Reads `relkind`: r = ordinary table, p = partitioned, v = view, m = materialized view, f = foreign table; empty if there is
 * none.
 */
export const kindOf = (session: PostgresSession, table: TableName): Effect.Effect<string, SourceError> =>
  Effect.map(
    session.query(`table ${printTable(table)}`, kindSql, [table.schema, table.name]),
    (rows) => rows[0]?.["kind"] ?? "",
  )

/** A view has no rows of its own in the WAL. */
export const notFollowed = (kind: string, persistence: string): Option.Option<string> => {
  if (kind === "v" || kind === "m")
    return Option.some("it is a view, and the WAL holds changes of tables only")
  if (kind === "f") return Option.some("it is a foreign table, whose changes another server logs")
  if (persistence === "u") return Option.some("it is unlogged: ALTER TABLE … SET LOGGED")
  if (persistence === "t") return Option.some("it is temporary")
  return Option.none()
}

/** Finds something else with the name of a table. Row types of tables and composite types are excluded. */
const otherThingSql = `
  SELECT CASE c.relkind WHEN 'S' THEN 'a sequence' WHEN 'c' THEN 'a composite type' ELSE 'an index' END AS thing
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('S', 'i', 'I', 'c')
  UNION ALL
  SELECT 'a type' FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
   WHERE n.nspname = $1 AND t.typname = $2 AND t.typrelid = 0`

/** Returns why there is no table of this name. */
export const whyMissing = Effect.fnUntraced(function* (
  session: PostgresSession,
  table: TableName,
): Effect.fn.Return<SourceError, SourceError> {
  const subject = `table ${printTable(table)}`
  const [other] = yield* session.query(subject, otherThingSql, [table.schema, table.name])
  return other === undefined
    ? new SourceError({ reason: "SchemaOrTableMissing", subject, detail: "it does not exist" })
    : new SourceError({ reason: "NotATable", subject, detail: `it is ${other["thing"]}, which has no rows` })
})
