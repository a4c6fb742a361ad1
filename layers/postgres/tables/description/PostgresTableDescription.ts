/** Reads the description of tables from the catalog: all of them with a few queries. */
import { Effect, Array as Lists, Result } from "effect"
import type { CatalogNumber } from "../../../../src/core/columns/ColumnNumbers.ts"
import { printTable, type TableName } from "../../../../src/core/source/SourceTable.ts"
import { printTextArray } from "../../../../src/core/source/TextArray.ts"
import { sharedIdentity } from "../../../../src/core/tables/LeafIdentity.ts"
import type { SourceError } from "../../../../src/services/source/SourceError.ts"
import type { SourceColumn, TableDescription } from "../../../../src/services/source/SourceTables.ts"
import type { PostgresSession, Row } from "../../connection/PostgresSession.ts"
import { groupedRows } from "./GroupedRows.ts"
import { childrenOf, describeLeaves, identityOf } from "./PostgresLeaves.ts"
import { notFollowed, whyMissing } from "./PostgresTableKind.ts"

/**
 * What rows older than the column hold (`ADD COLUMN … DEFAULT`): an array with one value, printed as in a copy. A partitioned
 * table has no rows: its leaves keep the value.
 * Source: PostgreSQL manual, catalog `pg_attribute`, `atthasmissing`.
 */
const missingText = `coalesce(
           CASE WHEN a.atthasmissing THEN array_to_string(a.attmissingval, '') END,
           CASE WHEN c.relkind = 'p' THEN (
             WITH RECURSIVE part AS (SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid
                                     UNION ALL SELECT i.inhrelid FROM pg_inherits i JOIN part ON i.inhparent = part.inhrelid)
             SELECT array_to_string(l.attmissingval, '')
               FROM part JOIN pg_attribute l ON l.attrelid = part.inhrelid AND l.attname = a.attname AND l.atthasmissing LIMIT 1) END)`

/**
 * One row per column, dropped ones too, in table order. `relreplident`: d = the primary key if there is one, i = an index (it stays when the
 * index is dropped), f = FULL, n = nothing. Columns that an index only INCLUDEs do not belong to its key.
 * Source: PostgreSQL manual, catalogs `pg_class`, `pg_attribute`, `pg_index`.
 */
const descriptionSql = `
  WITH keys AS NOT MATERIALIZED (SELECT *, (indkey::int2[])[0:indnkeyatts - 1] AS keys FROM pg_index)
  SELECT asked.ordinal::text AS ordinal, c.oid::text AS oid, c.relkind::text AS kind, c.relhassubclass::text AS has_children,
         c.relpersistence::text AS persistence, c.reltuples::bigint::text AS rows,
         (CASE WHEN $3::boolean THEN pg_table_size(c.oid) ELSE c.relpages::bigint * current_setting('block_size')::bigint END)::text AS bytes,
         CASE c.relreplident WHEN 'd' THEN p.indexrelid IS NOT NULL WHEN 'f' THEN true
              WHEN 'i' THEN i.indexrelid IS NOT NULL ELSE false END::text AS identifies,
         c.relreplident::text AS identity, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, (NOT a.attnotnull)::text AS nullable,
         a.attnum::text AS attnum, a.attisdropped::text AS dropped, a.xmin::text AS xid, CASE WHEN a.atttypid = 'boolean'::regtype THEN ${missingText}::boolean::text ELSE ${missingText} END AS missing,
         (a.attgenerated = 'v')::text AS virtual,
         array_position(p.keys, a.attnum)::text AS key_position,
         array_position(CASE c.relreplident WHEN 'd' THEN p.keys WHEN 'i' THEN i.keys END, a.attnum)::text AS replica_position
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked(schema, name, ordinal)
    JOIN pg_namespace n ON n.nspname = asked.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = asked.name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    LEFT JOIN keys p ON p.indrelid = c.oid AND p.indisprimary AND p.indimmediate
    LEFT JOIN keys i ON i.indrelid = c.oid AND i.indisreplident
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
   ORDER BY asked.ordinal, a.attnum`

interface DescribedColumn extends SourceColumn {
  readonly position: number
  readonly replica: number
  readonly isVirtual: boolean
}

const columnOf = (row: Row): ReadonlyArray<DescribedColumn> =>
  row["name"] == null || row["type"] == null || row["dropped"] === "true"
    ? []
    : [
        {
          name: row["name"],
          type: row["type"],
          nullable: row["nullable"] === "true",
          attnum: Number(row["attnum"]),
          ...(row["missing"] == null ? {} : { missing: row["missing"] }),
          isVirtual: row["virtual"] === "true",
          position: Number(row["key_position"] ?? -1),
          replica: Number(row["replica_position"] ?? -1),
        },
      ]

const numberOf = ({ attnum, dropped, xid }: Row): ReadonlyArray<CatalogNumber> =>
  attnum == null ? [] : [{ attnum: Number(attnum), isDropped: dropped === "true", xid: Number(xid) }]

/** In the order of `index`; columns without one are left out. */
const keyOf = (columns: ReadonlyArray<DescribedColumn>, index: (column: DescribedColumn) => number) =>
  columns
    .filter((column) => index(column) >= 0)
    .sort((a, b) => index(a) - index(b))
    .map(({ name }) => name)

const descriptionOf = (table: TableName, first: Row, rows: ReadonlyArray<Row>): TableDescription => {
  const columns = rows.flatMap(columnOf)
  return {
    table,
    columns: columns.map(({ isVirtual: _, position: __, replica: ___, ...column }): SourceColumn => column),
    numbers: rows.flatMap(numberOf),
    primaryKey: keyOf(columns, ({ position }) => position),
    replicaKey: keyOf(columns, ({ replica }) => replica),
    virtualColumns: columns.filter((column) => column.isVirtual).map((column) => column.name),
    identifiesDeletes: first["identifies"] === "true",
    replicaIdentity: identityOf(first["identity"]),
    notFollowed: notFollowed(first["kind"] ?? "", first["persistence"] ?? ""),
    estimatedRows: Number(first["rows"]),
    estimatedBytes: Number(first["bytes"]),
  }
}

type Size = "measured" | "from statistics"

/** One query for all of them, and one each for leaves and children. Returns undefined for a table that is not there. */
const readDescriptions = Effect.fnUntraced(function* (
  session: PostgresSession,
  subject: string,
  tables: ReadonlyArray<TableName>,
  size: Size,
) {
  const rows = yield* session.query(subject, descriptionSql, [
    printTextArray(tables.map(({ schema }) => schema)),
    printTextArray(tables.map(({ name }) => name)),
    String(size === "measured"),
  ])
  const found = groupedRows(rows, "ordinal")
  const firsts = [...found.values()].flatMap((those) => those.slice(0, 1))
  const oidsOf = (isAsked: (row: Row) => boolean) => firsts.filter(isAsked).map((row) => Number(row["oid"]))
  const roots = oidsOf((row) => row["kind"] === "p")
  const leaves = yield* describeLeaves(session, subject, roots, size === "measured")
  const parents = oidsOf((row) => row["kind"] === "r" && row["has_children"] === "true")
  const children = yield* childrenOf(session, subject, parents)
  return tables.map((table, i): TableDescription | undefined => {
    const those = found.get(i + 1)
    const first = those?.[0]
    if (those === undefined || first === undefined) return undefined
    const described = descriptionOf(table, first, those)
    const oid = Number(first["oid"])
    const ofLeaves = leaves.get(oid)
    // The replica identities of the leaves decide about the table's.
    if (ofLeaves !== undefined)
      return { ...described, ...ofLeaves, ...sharedIdentity(ofLeaves.leaves, described.primaryKey) }
    return parents.includes(oid) ? { ...described, children: children.get(oid) ?? [] } : described
  })
})

/**
 * `measured` takes a lock, and so waits for an `ALTER TABLE` or `TRUNCATE` of the table. Only a copy may do that: `cdc` would
 * be delayed by a long `ALTER TABLE`. Fails with `SchemaOrTableMissing` or `NotATable`.
 */
export const describeTable = Effect.fnUntraced(function* (
  session: PostgresSession,
  table: TableName,
  size: Size,
): Effect.fn.Return<TableDescription, SourceError> {
  const [found] = yield* readDescriptions(session, `table ${printTable(table)}`, [table], size)
  return found ?? (yield* Effect.flatMap(whyMissing(session, table), Effect.fail))
})

/** Tables of one query, each with up to 1600 columns. */
const tablesAtOnce = 500

/** Describes any number of tables with few queries. A failure of one table is its result. */
export const describeTables = Effect.fnUntraced(function* (
  session: PostgresSession,
  tables: ReadonlyArray<TableName>,
): Effect.fn.Return<ReadonlyArray<Result.Result<TableDescription, SourceError>>, SourceError> {
  const parts = yield* Effect.forEach(Lists.chunksOf(tables, tablesAtOnce), (part) =>
    readDescriptions(session, "catalog", part, "from statistics"),
  )
  return yield* Effect.forEach(
    Lists.zip(tables, parts.flat()),
    ([table, found]): Effect.Effect<Result.Result<TableDescription, SourceError>, SourceError> =>
      found === undefined
        ? Effect.map(whyMissing(session, table), (why) => Result.fail(why))
        : Effect.succeed(Result.succeed(found)),
  )
})
