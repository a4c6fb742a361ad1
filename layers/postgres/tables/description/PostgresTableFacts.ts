/** The queries of `doctor` for one table: its description, and the permissions of our role. */
import { Effect } from "effect"
import { printTable, type TableName } from "../../../../src/core/source/SourceTable.ts"
import { parseTextArray } from "../../../../src/core/source/TextArray.ts"
import type { SourceError } from "../../../../src/services/source/SourceError.ts"
import type { TableFacts } from "../../../../src/services/source/SourceInspection.ts"
import type { PostgresSession } from "../../connection/PostgresSession.ts"
import { describeTable } from "./PostgresTableDescription.ts"

const permissionsSql = `
  SELECT has_schema_privilege(n.oid, 'USAGE') AS may_use,
         has_table_privilege(c.oid, 'SELECT') OR coalesce((
           SELECT bool_and(has_column_privilege(c.oid, a.attnum, 'SELECT'))
             FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), false) AS may_read,
         (SELECT coalesce(array_agg(a.attname::text), '{}')::text FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'SELECT')) AS readable,
         row_security_active(c.oid) AS hidden, c.relpersistence = 'u' AS unlogged
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`

/** Fails with `SchemaOrTableMissing` if there is none. */
export const tableFacts = Effect.fnUntraced(function* (
  session: PostgresSession,
  name: TableName,
): Effect.fn.Return<TableFacts, SourceError> {
  const subject = `table ${printTable(name)}`
  const description = yield* describeTable(session, name, "from statistics")
  const [permissions] = yield* session.query(subject, permissionsSql, [name.schema, name.name])
  return {
    description,
    isUnlogged: permissions?.["unlogged"] === "t",
    mayUseSchema: permissions?.["may_use"] === "t",
    mayRead: permissions?.["may_read"] === "t",
    readable: parseTextArray(permissions?.["readable"] ?? "{}"),
    rowsAreHidden: permissions?.["hidden"] === "t",
  }
})
