/**
 * Values as `test_decoding` prints them. The column's type alone decides the form, so a cell need not remember it.
 *
 * Source: contrib/test_decoding/test_decoding.c, `print_literal`: numbers as they are, bits as `B'101'`, booleans in
 * full, all other types in single quotes, doubled inside and with nothing else escaped. Domains are other types.
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
