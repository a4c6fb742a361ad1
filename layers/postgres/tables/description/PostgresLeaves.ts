/** Describes the leaves of partitioned tables, and the children of tables that others inherit from. */
import { Effect, Option } from "effect"
import type { ReplicaIdentity } from "../../../../src/core/source/ReplicaIdentity.ts"
import { printTable, type TableName } from "../../../../src/core/source/SourceTable.ts"
import { parseTextArray } from "../../../../src/core/source/TextArray.ts"
import type { SourceError } from "../../../../src/services/source/SourceError.ts"
import type { LeafDescription } from "../../../../src/services/source/SourceTables.ts"
import type { PostgresSession, Row } from "../../connection/PostgresSession.ts"
import { treeSql } from "../PostgresPartitions.ts"
import { groupedRows } from "./GroupedRows.ts"

/** As the description of a table, one row per leaf. */
const leavesSql = `${treeSql("SELECT unnest($1::oid[])")},
  keys AS NOT MATERIALIZED (SELECT *, (indkey::int2[])[0:indnkeyatts - 1] AS keys FROM pg_index)
  SELECT tree.root::text AS root, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, c.relpersistence::text AS persistence,
         c.relreplident::text AS identity, c.reltuples::bigint::text AS rows,
         (CASE WHEN $2::boolean THEN pg_table_size(c.oid) ELSE c.relpages::bigint * current_setting('block_size')::bigint END)::text AS bytes,
         CASE c.relreplident WHEN 'd' THEN p.indexrelid IS NOT NULL WHEN 'f' THEN true
              WHEN 'i' THEN i.indexrelid IS NOT NULL ELSE false END::text AS identifies,
         (SELECT coalesce(array_agg(a.attname::text ORDER BY array_position(k.keys, a.attnum)), '{}')::text
            FROM pg_attribute a, (SELECT CASE c.relreplident WHEN 'd' THEN p.keys WHEN 'i' THEN i.keys END AS keys) AS k
           WHERE a.attrelid = c.oid AND a.attnum = ANY (k.keys)) AS key,
         (SELECT coalesce(array_agg(a.attname::text), '{}')::text FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             AND has_column_privilege(c.oid, a.attnum, 'SELECT')) AS readable
    FROM tree JOIN pg_class c ON c.oid = tree.oid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN keys p ON p.indrelid = c.oid AND p.indisprimary AND p.indimmediate
    LEFT JOIN keys i ON i.indrelid = c.oid AND i.indisreplident
   WHERE c.relkind <> 'p'
   ORDER BY n.nspname, c.relname`

const identities: Readonly<Record<string, ReplicaIdentity>> = { d: "default", i: "index", f: "full" }

/** Returns the identity of a `relreplident`. */
export const identityOf = (letter: string | null | undefined): ReplicaIdentity =>
  identities[letter ?? ""] ?? "nothing"

export interface DescribedLeaves {
  readonly leaves: ReadonlyArray<LeafDescription>
  /** Why `cdc` cannot follow one of them. */
  readonly notFollowed: Option.Option<string>
  readonly estimatedRows: number
  readonly estimatedBytes: number
}

const unlike = (table: TableName, kind: string, persistence: string): ReadonlyArray<string> => {
  if (kind === "f")
    return [`its partition ${printTable(table)} is a foreign table, whose changes another server logs`]
  return persistence === "u"
    ? [`its partition ${printTable(table)} is unlogged: ALTER TABLE ${printTable(table)} SET LOGGED`]
    : []
}

const leavesOf = (rows: ReadonlyArray<Row>): DescribedLeaves => {
  const leaves = rows.map(
    (row): LeafDescription => ({
      table: { schema: row["schema"] ?? "", name: row["name"] ?? "" },
      replicaIdentity: identityOf(row["identity"]),
      identifiesDeletes: row["identifies"] === "true",
      replicaKey: parseTextArray(row["key"] ?? "{}"),
      readable: parseTextArray(row["readable"] ?? "{}"),
    }),
  )
  const sum = (name: string) => rows.reduce((all, row) => all + Math.max(0, Number(row[name] ?? 0)), 0)
  const [first] = rows.flatMap((row, i) =>
    leaves.slice(i, i + 1).flatMap(({ table }) => unlike(table, row["kind"] ?? "", row["persistence"] ?? "")),
  )
  return {
    leaves,
    notFollowed: Option.fromUndefinedOr(first),
    estimatedRows: rows.some((row) => row["rows"] === "-1") ? -1 : sum("rows"),
    estimatedBytes: sum("bytes"),
  }
}

/** Returns what `of` makes of each OID's rows, by OID. Queries nothing without OIDs. */
const byOid = <A>(
  oids: ReadonlyArray<number>,
  rows: Effect.Effect<ReadonlyArray<Row>, SourceError>,
  of: (rows: ReadonlyArray<Row>) => A,
): Effect.Effect<ReadonlyMap<number, A>, SourceError> =>
  Effect.map(oids.length === 0 ? Effect.succeed([]) : rows, (found) => {
    const groups = groupedRows(found, "root")
    return new Map(oids.map((oid) => [oid, of(groups.get(oid) ?? [])] as const))
  })

const asked = (oids: ReadonlyArray<number>): string => `{${oids.join(",")}}`

/** Reads the leaves of partitioned tables as the session's snapshot has them. `measured` as for `describeTable`. */
export const describeLeaves = (
  session: PostgresSession,
  subject: string,
  roots: ReadonlyArray<number>,
  isMeasured: boolean,
): Effect.Effect<ReadonlyMap<number, DescribedLeaves>, SourceError> =>
  byOid(roots, session.query(subject, leavesSql, [asked(roots), String(isMeasured)]), leavesOf)

/** Child tables at any depth: of plain inheritance, as the chunks of a TimescaleDB hypertable are. */
const childrenSql = `
  WITH RECURSIVE child AS (
    SELECT i.inhparent AS root, i.inhrelid AS oid FROM pg_inherits i WHERE i.inhparent = ANY ($1::oid[])
    UNION
    SELECT child.root, i.inhrelid FROM child JOIN pg_inherits i ON i.inhparent = child.oid)
  SELECT child.root::text AS root, n.nspname AS schema, c.relname AS name
    FROM child JOIN pg_class c ON c.oid = child.oid JOIN pg_namespace n ON n.oid = c.relnamespace
   ORDER BY n.nspname, c.relname`

/** Returns the child tables of ordinary tables. */
export const childrenOf = (
  session: PostgresSession,
  subject: string,
  parents: ReadonlyArray<number>,
): Effect.Effect<ReadonlyMap<number, ReadonlyArray<TableName>>, SourceError> =>
  byOid(parents, session.query(subject, childrenSql, [asked(parents)]), (rows) =>
    rows.map((row) => ({ schema: row["schema"] ?? "", name: row["name"] ?? "" })),
  )
