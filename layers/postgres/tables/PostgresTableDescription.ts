/** Reads the description of a table from the catalog. */
import { Effect, Option } from "effect"
import { printTable, type TableName } from "../../../src/core/source/SourceTable.ts"
import { sharedIdentity } from "../../../src/core/tables/LeafIdentity.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"
import type {
  SourceColumn,
  SourceIdentity,
  TableDescription,
} from "../../../src/services/source/SourceTables.ts"
import type { PostgresSession } from "../connection/PostgresSession.ts"
import { childrenOf, describeLeaves, identityOf } from "./PostgresLeaves.ts"

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
 * One row per column, in table order. `relreplident`: d = the primary key if there is one, i = an index (it stays when the
 * index is dropped), f = FULL, n = nothing. Columns that an index only INCLUDEs do not belong to its key.
 * Source: PostgreSQL manual, catalogs `pg_class`, `pg_attribute`, `pg_index`.
 */
const descriptionSql = `
  WITH keys AS NOT MATERIALIZED (SELECT *, (indkey::int2[])[0:indnkeyatts - 1] AS keys FROM pg_index)
  SELECT c.relkind::text AS kind, c.relhassubclass::text AS has_children, c.relpersistence::text AS persistence, c.reltuples::bigint::text AS rows,
         (CASE WHEN $3::boolean THEN pg_table_size(c.oid) ELSE c.relpages::bigint * current_setting('block_size')::bigint END)::text AS bytes,
         CASE c.relreplident WHEN 'd' THEN p.indexrelid IS NOT NULL WHEN 'f' THEN true
              WHEN 'i' THEN i.indexrelid IS NOT NULL ELSE false END::text AS identifies,
         c.relreplident::text AS identity, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, (NOT a.attnotnull)::text AS nullable,
         a.attnum::text AS attnum, CASE WHEN a.atttypid = 'boolean'::regtype THEN ${missingText}::boolean::text ELSE ${missingText} END AS missing,
         (a.attgenerated = 'v')::text AS virtual,
         array_position(p.keys, a.attnum)::text AS key_position,
         array_position(CASE c.relreplident WHEN 'd' THEN p.keys WHEN 'i' THEN i.keys END, a.attnum)::text AS replica_position
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN keys p ON p.indrelid = c.oid AND p.indisprimary AND p.indimmediate
    LEFT JOIN keys i ON i.indrelid = c.oid AND i.indisreplident
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
   ORDER BY a.attnum`

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
const notFollowed = (kind: string, persistence: string): Option.Option<string> => {
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

const missing = Effect.fnUntraced(function* (
  session: PostgresSession,
  table: TableName,
): Effect.fn.Return<never, SourceError> {
  const subject = `table ${printTable(table)}`
  const [other] = yield* session.query(subject, otherThingSql, [table.schema, table.name])
  return yield* other === undefined
    ? new SourceError({ reason: "SchemaOrTableMissing", subject, detail: "it does not exist" })
    : new SourceError({ reason: "NotATable", subject, detail: `it is ${other["thing"]}, which has no rows` })
})

/**
 * `measured` takes a lock, and so waits for an `ALTER TABLE` or `TRUNCATE` of the table. Only a copy may do that: `cdc` would
 * be delayed by a long `ALTER TABLE`. Fails with `SchemaOrTableMissing` or `NotATable`.
 */
export const describeTable = (
  session: PostgresSession,
  table: TableName,
  size: "measured" | "from statistics",
): Effect.Effect<TableDescription, SourceError> =>
  Effect.gen(function* () {
    const subject = `table ${printTable(table)}`
    const rows = yield* session.query(subject, descriptionSql, [
      table.schema,
      table.name,
      String(size === "measured"),
    ])
    const first = rows[0]
    if (first === undefined) {
      return yield* missing(session, table)
    }
    const columns = rows.flatMap(
      (
        row,
      ): ReadonlyArray<
        SourceColumn & { readonly position: number; readonly replica: number; readonly isVirtual: boolean }
      > =>
        row["name"] == null || row["type"] == null
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
            ],
    )
    const described: TableDescription = {
      table,
      columns: columns.map(({ isVirtual: _, position: __, replica: ___, ...column }): SourceColumn => column),
      primaryKey: columns
        .filter((column) => column.position >= 0)
        .sort((a, b) => a.position - b.position)
        .map((column) => column.name),
      replicaKey: columns
        .filter((column) => column.replica >= 0)
        .sort((a, b) => a.replica - b.replica)
        .map((column) => column.name),
      virtualColumns: columns.filter((column) => column.isVirtual).map((column) => column.name),
      identifiesDeletes: first["identifies"] === "true",
      replicaIdentity: identityOf(first["identity"]),
      notFollowed: notFollowed(first["kind"] ?? "", first["persistence"] ?? ""),
      estimatedRows: Number(first["rows"]),
      estimatedBytes: Number(first["bytes"]),
    }
    const kind = first["kind"]
    if (kind === "p") return yield* asPartitioned(session, described, size === "measured")
    if (kind !== "r" || first["has_children"] !== "true") return described
    return { ...described, children: yield* childrenOf(session, table) }
  })

/** Returns the description with the leaves, whose replica identities decide about the table's. */
const asPartitioned = (session: PostgresSession, root: TableDescription, isMeasured: boolean) =>
  Effect.map(
    describeLeaves(session, root.table, isMeasured),
    (found): TableDescription => ({ ...root, ...found, ...sharedIdentity(found.leaves, root.primaryKey) }),
  )

export const identify = (session: PostgresSession): Effect.Effect<SourceIdentity, SourceError> =>
  session
    .query(
      "server",
      "SELECT system_identifier::text AS id, current_database() AS database FROM pg_control_system()",
    )
    .pipe(
      Effect.map((rows) => ({
        systemIdentifier: rows[0]?.["id"] ?? "",
        database: rows[0]?.["database"] ?? "",
      })),
    )
