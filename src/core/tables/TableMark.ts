/** Marks of a table in the catalog: they are others when the table has changed since it was read. */

/** Identifies the catalog's rows of a table at the time when they were read. */
export interface CatalogMark {
  /** `pg_type.xmin` of its row type, 32 bits: every rename changes it, also one that is taken back. */
  readonly table: number
  /** `pg_namespace.xmin` of its schema, 32 bits. */
  readonly schema: number
  /** `pg_snapshot_xmin`, 64 bits: every transaction with a lower id had ended then. */
  readonly endedBelow: bigint
}

/** The storage and the columns of a table when the catalog was read. */
export interface TableFile {
  /** `pg_class.relfilenode`, or a hash of those of its leaves (`hashOfFiles`). Every rewrite, TRUNCATE and VACUUM FULL changes it. */
  readonly file: string
  /** A hash of the numbers, names and types of its columns: up to 16 hexadecimal digits. */
  readonly columns: string
}

/** True if columns and storage have both changed: perhaps an ALTER TABLE rewrote the rows, which the WAL does not hold. */
export const isRewrite = (before: TableFile, now: TableFile): boolean =>
  before.file !== now.file && before.columns !== now.columns

/** True if the rows are the same: then the table has had one name from one read to the other. */
export const sameRows = (one: CatalogMark, other: CatalogMark): boolean =>
  one.table === other.table && one.schema === other.schema
