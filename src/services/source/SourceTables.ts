/** The tables of the source: their description, and a consistent copy of their rows. */
import { Context, type Effect, type Option, type Result, type Scope, type Stream } from "effect"
import type { CatalogNumber } from "../../core/columns/ColumnNumbers.ts"
import type { Lsn } from "../../core/Lsn.ts"
import type { ReplicaIdentity } from "../../core/source/ReplicaIdentity.ts"
import type { TableName } from "../../core/source/SourceTable.ts"
import type { PartitionTree } from "../../core/tables/PartitionTree.ts"
import type { CatalogTable } from "../../core/tables/PatternMatches.ts"
import type { CatalogMark, TableFile } from "../../core/tables/TableMark.ts"
import type { SourceError } from "./SourceError.ts"

export interface SourceColumn {
  readonly name: string
  /** With its modifier, e.g. `numeric(12,2)`. */
  readonly type: string
  readonly nullable: boolean
  /** `pg_attribute.attnum`: a rename keeps it, and no later column of the table gets it. */
  readonly attnum: number
  /** The text of the value that rows older than the column hold, if PostgreSQL keeps one (ADD COLUMN … DEFAULT). */
  readonly missing?: string
}

/** A leaf of a partitioned table. Replica identities are each leaf's own: ALTER TABLE of the root does not change them. */
export interface LeafDescription {
  readonly table: TableName
  readonly replicaIdentity: ReplicaIdentity
  readonly identifiesDeletes: boolean
  /** As in `TableDescription`. */
  readonly replicaKey: ReadonlyArray<string>
  /** The columns that this role may SELECT: permissions of the root do not apply to a copy of the leaf. */
  readonly readable: ReadonlyArray<string>
}

export interface TableDescription {
  readonly table: TableName
  /** In table order, dropped columns left out. */
  readonly columns: ReadonlyArray<SourceColumn>
  /** The numbers of all columns, dropped ones included, in ascending order. Undefined if unknown. */
  readonly numbers?: ReadonlyArray<CatalogNumber>
  /** In key order; empty if the table has none. */
  readonly primaryKey: ReadonlyArray<string>
  /** True if the WAL of a DELETE or UPDATE holds an old tuple: the replica identity is a key, an index or FULL. */
  readonly identifiesDeletes: boolean
  readonly replicaIdentity: ReplicaIdentity
  /** The key columns of an old tuple in the WAL; empty if it is the whole row (FULL) or missing. */
  readonly replicaKey: ReadonlyArray<string>
  /**
   * Why the WAL does not hold its changes: it is a view or unlogged, or a leaf of it is. None if `cdc` can follow it.
   */
  readonly notFollowed: Option.Option<string>
  /** Generated when they are read (VIRTUAL, from PostgreSQL 18), a part of `columns`: the WAL holds no values for them. */
  readonly virtualColumns: ReadonlyArray<string>
  /** The tables that hold its rows, as the snapshot or the catalog has them. Undefined if it is not partitioned. */
  readonly leaves?: ReadonlyArray<LeafDescription> | undefined
  /** The child tables of plain inheritance that hold rows of their own, which are not the table's. */
  readonly children?: ReadonlyArray<TableName> | undefined
  /** The server's estimate, or -1 if it has none. */
  readonly estimatedRows: number
  /** Size of the table's own rows and large values on disk: about that of its CSV. */
  readonly estimatedBytes: number
}

/** The identity of a source. A lake belongs to one, which its watermark names. */
export interface SourceIdentity {
  readonly systemIdentifier: string
  readonly database: string
}

/** A relation of the catalog. Its OID is `pg_class.oid`: a rename keeps it; another table of the same name has another. */
export interface Relation extends CatalogTable {
  readonly mark: CatalogMark
  /** Undefined if it is not partitioned. */
  readonly tree?: PartitionTree | undefined
  readonly file: TableFile
  /** A text that changes with the nullability of a column, the primary key or the replica identity. */
  readonly details: string
}

/** Regular expressions for whole names, without anchors (`NamePattern.body`). */
export interface RelationPattern {
  readonly schema: string
  readonly name: string
}

export interface RelationsAsked {
  readonly tables: ReadonlyArray<TableName>
  readonly oids: ReadonlyArray<number>
  /** Tables that match one of them, if they are `isMatchable`, are returned too. */
  readonly patterns?: ReadonlyArray<RelationPattern>
}

/** The columns that a table has kept since a transaction id, according to the catalog. */
export interface KeptColumns {
  /** Unaltered columns. Every row in the WAL since then has them, under these names. */
  readonly names: ReadonlyArray<string>
  /** True if no column was added, altered or dropped: the table had these and no others. */
  readonly isAll: boolean
}

/** Rows as PostgreSQL's own `COPY … (FORMAT csv)` prints them. */
export interface CopiedRows {
  readonly bytes: Uint8Array
  /** The number of rows that end in these bytes. */
  readonly rows: number
  /** True if a row ends with the last byte. False in the middle of a long one. */
  readonly endsRow: boolean
}

export type RowStream = Stream.Stream<CopiedRows, SourceError>

/** The rows of one table. */
export interface OpenCopy {
  /** The line with the names of the columns. */
  readonly header: Uint8Array
  /** Run them at once: together they have all rows, each row whole in one of them. */
  readonly parts: ReadonlyArray<RowStream>
}

export interface TableCopy {
  /**
   * Begins the copy. The scope keeps its sessions, which lock the table. A table of less than `divideFrom` bytes on disk is one
   * part, however many sessions read it. Of a larger one each session has a part, and none waits for another.
   */
  readonly open: (divideFrom: number) => Effect.Effect<OpenCopy, SourceError, Scope.Scope>
}

/** A READ ONLY, REPEATABLE READ transaction: all its reads see one snapshot. */
export interface Snapshot {
  /** `xmin:xmax:xip`: exactly which transactions it sees. */
  readonly id: string
  /** The snapshot position: every transaction that the snapshot sees was committed at or before it. */
  readonly lsn: Lsn
  readonly source: SourceIdentity
  readonly describe: (table: TableName) => Effect.Effect<TableDescription, SourceError>
  /** One copy at a time. Never after `release` of its table. */
  readonly copy: (description: TableDescription) => TableCopy
  /**
   * Ends the reads of the table, so that others may truncate or rewrite it. Its lock ends once the tables before it in the list
   * were released too.
   */
  readonly release: (table: TableName) => Effect.Effect<void, SourceError>
}

export class SourceTables extends Context.Service<
  SourceTables,
  {
    /** Fails with `SchemaOrTableMissing` if there is none that this role can access. */
    readonly describe: (table: TableName) => Effect.Effect<TableDescription, SourceError>
    /** As `describe` of each, with few queries. Fails only if the catalog cannot be read. */
    readonly describeAll: (
      tables: ReadonlyArray<TableName>,
    ) => Effect.Effect<ReadonlyArray<Result.Result<TableDescription, SourceError>>, SourceError>
    /** Fails as a copy of these columns would: the table is gone, or this role may not read them. Reads no row. */
    readonly mayRead: (description: TableDescription) => Effect.Effect<void, SourceError>
    /**
     * Takes a snapshot of these tables, held until the scope closes. Locks each table until its `release`, because TRUNCATE and
     * some forms of ALTER TABLE make a table look empty to older snapshots too. Writers of rows do not wait. Fails with
     * `Interrupted` if another session alters one of them, or waits to, for longer than 10 s.
     */
    readonly snapshot: (tables: ReadonlyArray<TableName>) => Effect.Effect<Snapshot, SourceError, Scope.Scope>
  }
>()("afluente/services/SourceTables") {}
