/**
 * Values as `test_decoding` prints them. The form depends on the column's type only.
 *
 * Source: contrib/test_decoding/test_decoding.c, `print_literal`: numbers bare, bits as `B'101'`, booleans as `true` and
 * `false`. All other types, domains included, are in single quotes; inner ones are doubled, nothing else is escaped.
 */

export type Literal = "number" | "boolean" | "bits" | "text"

/** `type` is what `format_type` prints. */
export const literalOf = (type: string): Literal => {
  switch (type) {
    case "smallint":
    case "integer":
    case "bigint":
    case "oid":
    case "real":
    case "double precision":
    case "numeric":
      return "number"
    case "boolean":
      return "boolean"
    case "bit":
    case "bit varying":
      return "bits"
    default:
      return "text"
  }
}

export const printLiteral = (type: string, value: string): string => {
  switch (literalOf(type)) {
    case "number":
    case "boolean":
      return value
    case "bits":
      return `B'${value}'`
    case "text":
      return `'${value.replaceAll("'", "''")}'`
  }
}
