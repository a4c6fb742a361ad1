/**
 * Describes the columns of the objects of `inc`, from one object on: `_schema_DATASET_S.json` beside that object. It is written
 * after its object, and for each object whose columns are not those of the one before. Specified in docs/format.md.
 */
import { Schema } from "effect"

export const TableSchema = Schema.Struct({
  dataset: Schema.String,
  /** `"db_loja"."cliente"`, quoted as in SQL. */
  table: Schema.String,
  /** `_lsn` of the object's first row. */
  lsn: Schema.String,
  /** The table's columns in the header of the object. Null is what the catalog could not tell: the column was gone. */
  columns: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      type: Schema.NullOr(Schema.String),
      nullable: Schema.NullOr(Schema.Boolean),
      attnum: Schema.NullOr(Schema.Int),
      /** What rows older than the column hold, where PostgreSQL keeps a text for them. */
      missing: Schema.optionalKey(Schema.String),
    }),
  ),
  /** Columns whose values are hashes, and the mask: absent without them, as in a manifest. */
  hashed: Schema.optionalKey(Schema.Array(Schema.String)),
  mask: Schema.optionalKey(Schema.String),
  primary_key: Schema.NullOr(Schema.Array(Schema.String)),
  replica_identity: Schema.NullOr(Schema.String),
})
export type TableSchema = typeof TableSchema.Type

export type SchemaColumn = TableSchema["columns"][number]

const TableSchemaJson = Schema.fromJsonString(TableSchema)

/** Prints indented JSON, because people open it. */
export const print = (schema: TableSchema): string => `${JSON.stringify(schema, undefined, 2)}\n`

export const parse = Schema.decodeUnknownResult(TableSchemaJson)

/** True if both describe the same columns and keys. Where they begin does not matter. */
export const isSame = (one: TableSchema, other: TableSchema): boolean => textOf(one) === textOf(other)

const textOf = ({ lsn: _, ...schema }: TableSchema): string =>
  JSON.stringify([
    schema.table,
    schema.columns.map(({ name, type, nullable, attnum }) => [name, type, nullable, attnum]),
    schema.primary_key,
    schema.replica_identity,
    schema.mask,
  ])

/** True if the schema names these columns, in this order. */
export const hasColumns = ({ columns }: TableSchema, names: ReadonlyArray<string>): boolean =>
  columns.length === names.length && columns.every(({ name }, i) => name === names[i])
