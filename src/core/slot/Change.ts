/**
 * The changes that the slot reports, one value per line.
 *
 * Texts inside are *byte strings*: each character is one byte (0 to 255) of PostgreSQL's UTF-8 output. Every delimiter of
 * the slot's text and of CSV is ASCII, so that UTF-8 need not be decoded between the socket and the object. This halves the
 * cost per change (see docs/architecture.md). `fromBytes` and `toBytes` of `Bytes.ts` convert names to text and back.
 */
import { Schema } from "effect"

/** One column of a tuple as printed: `name[type]:value`. */
export const Cell = Schema.Struct({
  name: Schema.String,
  /** As `format_type` prints it, e.g. `character varying`, `integer[]`. */
  type: Schema.String,
  /** PostgreSQL's text output; null is SQL NULL; undefined is an unchanged TOAST value that was not sent. */
  value: Schema.UndefinedOr(Schema.NullOr(Schema.String)),
})
export type Cell = typeof Cell.Type

const Tuple = Schema.Array(Cell)
export type Tuple = typeof Tuple.Type
const Table = Schema.Struct({ schema: Schema.String, name: Schema.String })
export type Table = typeof Table.Type

export const Change = Schema.TaggedUnion({
  /** `BEGIN 733`; the xid is present with `include-xids`. */
  Begin: { xid: Schema.NullOr(Schema.Int) },
  /** `COMMIT 733 (at 2025-11-03 10:15:30.123456+00)`; the time is present with `include-timestamp`. */
  Commit: { xid: Schema.NullOr(Schema.Int), at: Schema.NullOr(Schema.String) },
  /** All columns that the table had then, NULLs included. */
  Insert: { table: Table, row: Tuple },
  /** `before` is the `old-key:` tuple, NULLs left out: null if the key did not change and the identity is not FULL. */
  Update: { table: Table, before: Schema.NullOr(Tuple), row: Tuple },
  /** `before` holds the identity columns, NULLs left out; null for `(no-tuple-data)`. */
  Delete: { table: Table, before: Schema.NullOr(Tuple) },
  /** One line names every table of the statement. */
  Truncate: { tables: Schema.Array(Table), restartSequences: Schema.Boolean, cascade: Schema.Boolean },
  /** `pg_logical_emit_message`: carries no row. `size` is in bytes; `content` is shorter if a zero byte cut it. */
  Message: {
    transactional: Schema.Boolean,
    prefix: Schema.String,
    size: Schema.Int,
    content: Schema.String,
  },
})
export type Change = typeof Change.Type
