/** Looks up tables by name, OID or pattern. Needs no permissions. */
import { Effect } from "effect"
import { hashOfFiles } from "../../../src/core/lake/LeafSet.ts"
import { parseTextArray, printTextArray } from "../../../src/core/source/TextArray.ts"
import { wholeName } from "../../../src/core/tables/NamePattern.ts"
import type { PartitionTree } from "../../../src/core/tables/PartitionTree.ts"
import type { SourceError } from "../../../src/services/source/SourceError.ts"
import type { Relation, RelationsAsked } from "../../../src/services/source/SourceTables.ts"
import type { PostgresSession, Row } from "../connection/PostgresSession.ts"
import { notFollowed } from "./description/PostgresTableKind.ts"
import { partitionTrees } from "./PostgresPartitions.ts"

/**
 * `xmin` is the transaction that wrote the row; it stays when the row is frozen (`HeapTupleHeaderGetRawXmin`). A table's name
 * and schema are in the row of its row type too. RENAME and SET SCHEMA write that row anew (`RenameTypeInternal`,
 * `AlterTypeNamespaceInternal`); TRUNCATE, GRANT or a new column do not.
 */
const marks = `t.xmin::text AS table_xmin, n.xmin::text AS schema_xmin, pg_snapshot_xmin(pg_current_snapshot())::text AS ended`

/** Values that change with the columns. A hash without MD5, which servers in FIPS mode refuse. */
const columnsNow = `(
  SELECT coalesce(to_hex(hashtextextended(string_agg(
           a.attnum || ' ' || a.atttypid || ' ' || a.atttypmod || ' ' || a.attname, ',' ORDER BY a.attnum) COLLATE "C", 0)), '0')
    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
  concat_ws(' ', c.relreplident,
    (SELECT string_agg(a.attnum::text, ',' ORDER BY a.attnum)
       FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull),
    (SELECT string_agg(concat(i.indexrelid, i.indisprimary, i.indisreplident), ',' ORDER BY i.indexrelid)
       FROM pg_index i WHERE i.indrelid = c.oid AND (i.indisprimary OR i.indisreplident))) AS details`

/** Schemas of the server, of sessions and of TimescaleDB's own tables. */
const systemSchemas = `'^(pg_|_timescaledb_|(information_schema|timescaledb_information|timescaledb_experimental)$)'`

/** `pg_partition_ancestors` begins with the relation itself. */
const ancestors = (name: string) =>
  `CASE WHEN c.relispartition THEN (
     SELECT array_agg(${name} ORDER BY up.ordinality)::text
       FROM pg_partition_ancestors(c.oid) WITH ORDINALITY AS up(relid, ordinality)
       JOIN pg_class uc ON uc.oid = up.relid JOIN pg_namespace un ON un.oid = uc.relnamespace
      WHERE up.relid <> c.oid) END`

const facts = `c.relkind::text AS kind, c.relpersistence::text AS persistence,
         (c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND found.schema !~ ${systemSchemas})::text AS matchable,
         ${ancestors("un.nspname::text")} AS ancestor_schemas, ${ancestors("uc.relname::text")} AS ancestor_names`

/** Columns that an index only INCLUDEs do not belong to its key. Of a partitioned table these are its own indexes'. */
const keys = `(SELECT coalesce(array_agg(DISTINCT a.attname::text), '{}')::text
            FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
           WHERE i.indrelid = c.oid AND (i.indisprimary OR i.indisreplident)) AS keys`

const named = `c.oid::text AS oid, n.nspname AS schema, c.relname AS name, ${marks}`

/** Both halves use an index. Sequences, indexes and types are excluded. */
const foundSql = `
  SELECT ${named}
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = c.reltype
   WHERE c.oid = ANY ($1::oid[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  UNION
  SELECT ${named}
    FROM unnest($2::text[], $3::text[]) AS asked(schema, name)
    JOIN pg_namespace n ON n.nspname = asked.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = asked.name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    JOIN pg_type t ON t.oid = c.reltype`

/** Reads all of `pg_class`. */
const matchesSql = `
  UNION
  SELECT ${named}
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = c.reltype
   WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ ${systemSchemas}
     AND EXISTS (SELECT FROM unnest($4::text[], $5::text[]) AS pattern(schema, name)
                  WHERE n.nspname ~ pattern.schema AND c.relname ~ pattern.name)`

/** What several parts find is read once. */
const relationsSql = (found: string): string => `WITH found AS MATERIALIZED (${found})
  SELECT found.*, ${facts}, ${keys}, c.relfilenode::text AS file, ${columnsNow} FROM found JOIN pg_class c ON c.oid = found.oid::oid`

const relationOf = (row: Row, trees: ReadonlyMap<number, PartitionTree>): ReadonlyArray<Relation> => {
  const { oid, schema, name, table_xmin, schema_xmin, ended, ancestor_schemas, ancestor_names } = row
  if (oid == null || schema == null || name == null || ended == null) return []
  const names = parseTextArray(ancestor_names ?? "{}")
  const tree = trees.get(Number(oid))
  // A partitioned table has no file of its own.
  const file = tree === undefined ? (row["file"] ?? "0") : hashOfFiles(tree.leaves)
  return [
    {
      table: { schema, name },
      oid: Number(oid),
      mark: { table: Number(table_xmin), schema: Number(schema_xmin), endedBelow: BigInt(ended) },
      file: { file, columns: row["columns"] ?? "0" },
      details: row["details"] ?? "",
      tree,
      ancestors: parseTextArray(ancestor_schemas ?? "{}").map((of, i) => ({
        schema: of,
        name: names[i] ?? "",
      })),
      keys: parseTextArray(row["keys"] ?? "{}"),
      isMatchable: row["matchable"] === "true",
      notFollowed: notFollowed(row["kind"] ?? "", row["persistence"] ?? ""),
    },
  ]
}

/**
 * Returns the relations, partitioned ones with their partitions, which a second query reads. Reads the whole catalog only if
 * there are patterns.
 */
export const relations =
  (session: PostgresSession) =>
  ({ tables, oids, patterns = [] }: RelationsAsked): Effect.Effect<ReadonlyArray<Relation>, SourceError> =>
    Effect.gen(function* () {
      const asked = [
        `{${oids.join(",")}}`,
        printTextArray(tables.map(({ schema }) => schema)),
        printTextArray(tables.map(({ name }) => name)),
      ]
      const matching = [
        printTextArray(patterns.map(({ schema }) => wholeName(schema))),
        printTextArray(patterns.map(({ name }) => wholeName(name))),
      ]
      const rows = yield* patterns.length === 0
        ? session.query("catalog", relationsSql(foundSql), asked)
        : session.query("catalog", relationsSql(foundSql + matchesSql), [...asked, ...matching])
      const roots = rows.flatMap(({ kind, oid }) => (kind === "p" && oid != null ? [Number(oid)] : []))
      const trees = yield* partitionTrees(session, roots)
      return rows.flatMap((row) => relationOf(row, trees))
    })
