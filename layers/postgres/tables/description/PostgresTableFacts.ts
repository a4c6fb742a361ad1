/** The queries of `doctor` for tables: their descriptions, and the permissions of our role. */
import { Effect, Result } from "effect"
import type { TableName } from "../../../../src/core/source/SourceTable.ts"
import { parseTextArray, printTextArray } from "../../../../src/core/source/TextArray.ts"
import type { SourceError } from "../../../../src/services/source/SourceError.ts"
import type { TableFacts } from "../../../../src/services/source/SourceInspection.ts"
import type { PostgresSession } from "../../connection/PostgresSession.ts"
import { groupedRows } from "./GroupedRows.ts"
import { describeTables } from "./PostgresTableDescription.ts"

const permissionsSql = `
  SELECT asked.ordinal::text AS ordinal, has_schema_privilege(n.oid, 'USAGE') AS may_use,
         has_table_privilege(c.oid, 'SELECT') OR coalesce((
           SELECT bool_and(has_column_privilege(c.oid, a.attnum, 'SELECT'))
             FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), false) AS may_read,
         (SELECT coalesce(array_agg(a.attname::text), '{}')::text FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'SELECT')) AS readable,
         row_security_active(c.oid) AS hidden, c.relpersistence = 'u' AS unlogged
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked(schema, name, ordinal)
    JOIN pg_namespace n ON n.nspname = asked.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = asked.name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`

/** Returns one result per table: `SchemaOrTableMissing` if there is none. Few queries for any number of them. */
export const tableFacts = Effect.fnUntraced(function* (
  session: PostgresSession,
  names: ReadonlyArray<TableName>,
): Effect.fn.Return<ReadonlyArray<Result.Result<TableFacts, SourceError>>, SourceError> {
  const descriptions = yield* describeTables(session, names)
  const rows = yield* session.query("catalog", permissionsSql, [
    printTextArray(names.map(({ schema }) => schema)),
    printTextArray(names.map(({ name }) => name)),
  ])
  const byOrdinal = groupedRows(rows, "ordinal")
  return descriptions.map((described, i) =>
    Result.map(described, (description): TableFacts => {
      const [permissions] = byOrdinal.get(i + 1) ?? []
      return {
        description,
        isUnlogged: permissions?.["unlogged"] === "t",
        mayUseSchema: permissions?.["may_use"] === "t",
        mayRead: permissions?.["may_read"] === "t",
        readable: parseTextArray(permissions?.["readable"] ?? "{}"),
        rowsAreHidden: permissions?.["hidden"] === "t",
      }
    }),
  )
})
