/** Looks up tables by name or OID, and reads the server's timeline. Needs no permissions. */
import { Effect } from "effect"
import { printTextArray } from "../../../src/core/source/TextArray.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"
import type { Relation, RelationsAsked } from "../../../src/services/source/SourceTables.ts"
import type { PostgresSession } from "../connection/PostgresSession.ts"
import { partitionTrees } from "./PostgresPartitions.ts"

/**
 * `xmin` is the transaction that wrote the row; it stays when the row is frozen (`HeapTupleHeaderGetRawXmin`). A table's name
 * and schema are in the row of its row type too. RENAME and SET SCHEMA write that row anew (`RenameTypeInternal`,
 * `AlterTypeNamespaceInternal`); TRUNCATE, GRANT or a new column do not.
 */
const marks = `t.xmin::text AS table_xmin, n.xmin::text AS schema_xmin, pg_snapshot_xmin(pg_current_snapshot())::text AS ended`

/** Not 0 for a table that stores rows; a partitioned table has a hash of its leaves'. Takes no lock, unlike `pg_partition_tree`. */
const file = `CASE c.relkind WHEN 'p' THEN coalesce((
    WITH RECURSIVE part AS (SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid
                            UNION ALL SELECT i.inhrelid FROM pg_inherits i JOIN part ON i.inhparent = part.inhrelid)
    SELECT to_hex(hashtextextended(string_agg(l.relfilenode::text, ' ' ORDER BY l.oid) COLLATE "C", 0))
      FROM part JOIN pg_class l ON l.oid = part.inhrelid WHERE l.relkind <> 'p'), '0')
  ELSE c.relfilenode::text END AS file`

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

/** Both halves use an index. Sequences, indexes and types are excluded. */
const foundSql = `
  SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, ${marks}
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = c.reltype
   WHERE c.oid = ANY ($1::oid[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  UNION
  SELECT c.oid::text, n.nspname, c.relname, c.relkind::text, ${marks}
    FROM unnest($2::text[], $3::text[]) AS asked(schema, name)
    JOIN pg_namespace n ON n.nspname = asked.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = asked.name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    JOIN pg_type t ON t.oid = c.reltype`

/** What both halves find is read once. */
const relationsSql = `WITH found AS MATERIALIZED (${foundSql})
  SELECT found.*, ${file}, ${columnsNow} FROM found JOIN pg_class c ON c.oid = found.oid::oid`

/** Returns the relations, partitioned ones with their partitions, which a second query reads. */
export const relations =
  (session: PostgresSession) =>
  ({ tables, oids }: RelationsAsked): Effect.Effect<ReadonlyArray<Relation>, SourceError> =>
    Effect.gen(function* () {
      const rows = yield* session.query("catalog", relationsSql, [
        `{${oids.join(",")}}`,
        printTextArray(tables.map(({ schema }) => schema)),
        printTextArray(tables.map(({ name }) => name)),
      ])
      const roots = rows.flatMap(({ kind, oid }) => (kind === "p" && oid != null ? [Number(oid)] : []))
      const trees = yield* partitionTrees(session, roots)
      return rows.flatMap((row): ReadonlyArray<Relation> => {
        const { oid, schema, name, table_xmin, schema_xmin, ended, file, columns, details } = row
        if (oid == null || schema == null || name == null || ended == null) return []
        const mark = { table: Number(table_xmin), schema: Number(schema_xmin), endedBelow: BigInt(ended) }
        return [
          {
            table: { schema, name },
            oid: Number(oid),
            mark,
            file: { file: file ?? "0", columns: columns ?? "0" },
            details: details ?? "",
            tree: trees.get(Number(oid)),
          },
        ]
      })
    })

/**
 * The first eight hexadecimal digits of the present WAL file's name. `pg_control_checkpoint()` has the timeline of the last
 * checkpoint, which after a promotion may be the old one for minutes.
 */
const timelineSql = "SELECT left(pg_walfile_name(pg_current_wal_flush_lsn()), 8) AS timeline"

export const timelineOf = (session: PostgresSession): Effect.Effect<number, SourceError> =>
  Effect.map(session.query("server", timelineSql), ([row]) => Number.parseInt(row?.["timeline"] ?? "0", 16))

/** Reads a 64-bit transaction id. `answer` is an SQL expression. */
const askXid = (session: PostgresSession, answer: string): Effect.Effect<bigint, SourceError> =>
  Effect.flatMap(session.query("server", `SELECT ${answer}::text AS xid`), ([row]) =>
    row?.["xid"] == null
      ? new SourceError({ reason: "Failed", subject: "server", detail: "it gave no transaction id" })
      : Effect.succeed(BigInt(row["xid"])),
  )

export const newXid = (session: PostgresSession) => askXid(session, "pg_current_xact_id()")

export const oldestXid = (session: PostgresSession) =>
  askXid(session, "pg_snapshot_xmin(pg_current_snapshot())")
