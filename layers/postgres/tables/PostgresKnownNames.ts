/** Decides which names belonged to one relation only since a transaction id, from the `xmin` of the catalog's rows. */
import { Effect } from "effect"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import { printTextArray } from "../../../src/core/source/TextArray.ts"
import type { SourceError } from "../../../src/services/source/SourceError.ts"
import type { KeptColumns } from "../../../src/services/source/SourceTables.ts"
import type { PostgresSession } from "../connection/PostgresSession.ts"

/** The lower 32 bits, as in `xmin`. */
const shortXid = (xid: bigint): string => `'${BigInt.asUintN(32, xid)}'::xid`

/**
 * SQL that is true if the row was written before that transaction id was assigned. A visible row is never of the future: a
 * negative age means more than 2^31 transactions ago.
 */
const isOlder = (row: string, since: bigint): string =>
  `(age(${shortXid(since)}) >= 0 AND (age(${row}.xmin) < 0 OR age(${row}.xmin) > age(${shortXid(since)})))`

/**
 * The relations that have had their names since before that id; a name belongs to one relation at a time. Their row types
 * have the same names, and only a rename writes them anew.
 */
export const knownSince = (since: bigint): string =>
  `pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = c.reltype
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ${isOlder("t", since)} AND ${isOlder("n", since)}`

export const unknownNames =
  (session: PostgresSession) =>
  (names: ReadonlyArray<TableName>, since: bigint): Effect.Effect<ReadonlyArray<TableName>, SourceError> =>
    session
      .query(
        "catalog",
        `SELECT asked.schema, asked.name FROM unnest($1::text[], $2::text[]) AS asked(schema, name)
          WHERE NOT EXISTS (SELECT FROM ${knownSince(since)} AND n.nspname = asked.schema AND c.relname = asked.name)`,
        [printTextArray(names.map(({ schema }) => schema)), printTextArray(names.map(({ name }) => name))],
      )
      .pipe(
        Effect.map((rows) =>
          rows.flatMap(({ schema, name }) => (schema != null && name != null ? [{ schema, name }] : [])),
        ),
      )

/** Skips columns that are computed when they are read (PostgreSQL 18): the WAL has no values for them. Dropped columns keep their catalog rows. */
export const keptColumns =
  (session: PostgresSession) =>
  (oid: number, since: bigint): Effect.Effect<KeptColumns, SourceError> =>
    Effect.map(
      session.query(
        "catalog",
        `SELECT a.attname AS name, a.attisdropped::text AS dropped, (a.attgenerated = 'v')::text AS virtual,
                ${isOlder("a", since)}::text AS kept
           FROM pg_attribute a WHERE a.attrelid = $1::oid AND a.attnum > 0 ORDER BY a.attnum`,
        [String(oid)],
      ),
      (rows) => ({
        names: rows.flatMap(({ name, dropped, virtual, kept }) =>
          name != null && kept === "true" && dropped === "false" && virtual === "false" ? [name] : [],
        ),
        // A dropped table has no rows here, and may have had any columns.
        isAll: rows.length > 0 && rows.every(({ virtual, kept }) => kept === "true" && virtual === "false"),
      }),
    )
