/** The tables of the source: their description, and a consistent copy of their rows. */
import { Context, type Effect, type Option, type Scope, type Stream } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import type { CatalogMark } from "../../core/lake/Watermark.ts"
import type { ReplicaIdentity } from "../../core/source/ReplicaIdentity.ts"
import type { TableName } from "../../core/source/SourceTable.ts"
import type { SourceError } from "./SourceError.ts"

export interface SourceColumn {
  readonly name: string
  /** With its modifier, e.g. `numeric(12,2)`. */
  readonly type: string
  readonly nullable: boolean
}

export interface TableDescription {
  readonly table: TableName
  /** In table order, dropped columns left out. */
  readonly columns: ReadonlyArray<SourceColumn>
  /** In key order; empty where the table has none. */
  readonly primaryKey: ReadonlyArray<string>
  /** True where the WAL of a DELETE or UPDATE holds an old tuple: the replica identity is a key, an index or FULL. */
  readonly identifiesDeletes: boolean
  readonly replicaIdentity: ReplicaIdentity
  /** The key columns of an old tuple in the WAL; empty where it is the whole row (FULL) or missing. */
  readonly replicaKey: ReadonlyArray<string>
  /**
   * Why the WAL holds no changes under its name: it is a view, partitioned, unlogged. None for what `cdc` can
   * follow.
   */
  readonly notFollowed: Option.Option<string>
  /** Generated when they are read (VIRTUAL, from PostgreSQL 18), a part of `columns`: the WAL holds no value of them. */
  readonly virtualColumns: ReadonlyArray<string>
  /** What the server's statistics say, or -1 where it has none. */
  readonly estimatedRows: number
  /** Size of the table's own rows and large values on disk: about that of its CSV. */
  readonly estimatedBytes: number
}

/** Who the source is: a lake is bound to one, and says so in its watermark. */
export interface SourceIdentity {
  readonly systemIdentifier: string
  readonly database: string
}

/** Which table a name stands for, as the catalog says at one moment. */
export interface Relation {
  readonly table: TableName
  /** `pg_class.oid`: stays through a rename; another table of the same name has another. */
  readonly oid: number
  readonly mark: CatalogMark
}

export interface RelationsAsked {
  readonly tables: ReadonlyArray<TableName>
  readonly oids: ReadonlyArray<number>
}

/** Columns of a table, by what the catalog has of them. */
export interface KeptColumns {
  /** Those that were not altered. Each row that was logged meanwhile has them, under these names. */
  readonly names: ReadonlyArray<string>
  /** No column was added, altered or dropped: it had these, and no others. */
  readonly isAll: boolean
}

/** The rows of one table as PostgreSQL's own `COPY … (FORMAT csv, HEADER)` prints them. */
export interface TableCopy {
  readonly csv: Stream.Stream<Uint8Array, SourceError>
  /** Rows copied; known once `csv` has ended. */
  readonly rows: Effect.Effect<number>
}

/** One READ ONLY, REPEATABLE READ transaction: everything in it is of one moment. */
export interface Snapshot {
  /** `xmin:xmax:xip`: exactly which transactions it sees. */
  readonly id: string
  /** A position of that moment: what the snapshot sees was committed at or before it. */
  readonly lsn: Lsn
  readonly source: SourceIdentity
  readonly describe: (table: TableName) => Effect.Effect<TableDescription, SourceError>
  /** One copy at a time. Never after `release` of its table. */
  readonly copy: (description: TableDescription) => TableCopy
  /**
   * Nothing of the table is read any more: others may change it as a whole. Its lock ends once the tables before it in the
   * list were released too.
   */
  readonly release: (table: TableName) => Effect.Effect<void, SourceError>
}

export class SourceTables extends Context.Service<
  SourceTables,
  {
    /** `SchemaOrTableMissing` where there is none that this role can see. */
    readonly describe: (table: TableName) => Effect.Effect<TableDescription, SourceError>
    /** Fails as a copy of its rows would: it is missing, it is no table, or this role may not read it. Reads no row. */
    readonly mayRead: (table: TableName) => Effect.Effect<void, SourceError>
    /**
     * One moment of these tables, held until the scope closes. From before it until its `release` nobody can empty or rewrite
     * one: TRUNCATE and some forms of ALTER TABLE make a table look empty to older snapshots as well. Writers of rows do not
     * wait. `Interrupted` where another session changes one of them, or waits to, for longer than 10 s.
     */
    readonly snapshot: (tables: ReadonlyArray<TableName>) => Effect.Effect<Snapshot, SourceError, Scope.Scope>
  }
>()("afluente/services/SourceTables") {}
