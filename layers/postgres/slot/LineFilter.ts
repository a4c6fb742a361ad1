/**
 * The condition that keeps lines of other tables on the server. Lines are numbered before, so that `seq` does not depend on it.
 *
 * BEGIN stays there too, because COMMIT has the same facts: it is a third of the lines if transactions have one row.
 * A TRUNCATE names several tables on one line, so each TRUNCATE is sent (such lines end with their flags).
 * COPY has no parameters: the names are literals, quoted as text and by `quote_ident`, with which the plugin prints them.
 */
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import type { ReadRequest } from "../../../src/services/source/ChangeSource.ts"
import type { RelationPattern } from "../../../src/services/source/SourceTables.ts"
import { knownSince } from "../tables/PostgresKnownNames.ts"

export const quoteLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** The part of a line, or of a name with its colon, by which lines are found: `table db_loja.cliente`. */
const head = (text: string): string => `split_part(${text}, ': ', 1) COLLATE "C"`

/**
 * True for lines of these tables. The names are hashed once, so that a line costs the same for any number of tables. A quoted
 * name may hold the separator: then lines of other tables with the same head are sent too, which the reader leaves out.
 */
const isOfTables = (tables: ReadonlyArray<TableName>): string => {
  const list = (part: (table: TableName) => string) =>
    `ARRAY[${tables.map((table) => quoteLiteral(part(table))).join(",")}]::text[]`
  const names = `'table ' || quote_ident(one.schema) || '.' || quote_ident(one.name) || ': '`
  return `${head("data")} IN (SELECT ${head(`(${names})`)}
            FROM unnest(${list(({ schema }) => schema)}, ${list(({ name }) => name)}) AS one(schema, name))`
}

/** In characters. No line's names end later. A pattern match or a search copies the text, so only this much of it is read. */
const namesEnd = 6 + 2 * (2 * 63 + 2) + 3
const names = `left(data, ${namesEnd})`

/**
 * True for lines under a name that none of `relations` has. True also for a name with ": " in it, which no comparison finds.
 * Costs some 2 µs a line of other tables; a pattern match costs eight times that.
 */
const isUnderNoNameOf = (relations: string): string =>
  `(split_part(${names}, ': ', 1)
     IN (SELECT 'table ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM ${relations})) IS NOT TRUE`

const nowKnown = `pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')`

/** Matches the names as the plugin prints them. A quote inside of a name is doubled. */
const printed = ({ schema, name }: RelationPattern): string => {
  const inQuotes = (body: string) => body.replaceAll('"', '""')
  return `^table "?(?:${inQuotes(schema)})"?[.]"?(?:${inQuotes(name)})"?: `
}

/** True for lines under a name that matches one of the patterns and that no relation has now. Only such names are matched. */
const isGone = (patterns: ReadonlyArray<RelationPattern>): string => {
  const matches = patterns.map((one) => `${names} ~ ${quoteLiteral(printed(one))}`)
  return `CASE WHEN ${isUnderNoNameOf(nowKnown)} THEN ${matches.join(" OR ")} ELSE false END`
}

/** A CASE, because conditions on names must not be applied to messages, which may hold any bytes. */
export const lineFilter = ({ tables, unknownSince, gonePatterns = [] }: ReadRequest): string => {
  const ofTables = [
    ...(tables.length === 0 ? [] : [isOfTables(tables)]),
    "right(data, 60) LIKE '%: TRUNCATE:%'",
    ...(unknownSince === undefined ? [] : [isUnderNoNameOf(knownSince(unknownSince))]),
    ...(gonePatterns.length === 0 ? [] : [isGone(gonePatterns)]),
  ]
  return `CASE WHEN starts_with(data, 'table ') THEN ${ofTables.join("\n OR ")}
               ELSE NOT starts_with(data, 'BEGIN ') END`
}
