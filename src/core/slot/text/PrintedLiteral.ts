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

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

const skipDigits = (text: string, at: number): number => {
  let end = at
  while (isDigit(text.charCodeAt(end))) end++
  return end
}

/** Where the number at `at` ends (`-12.50`, `1e+20`, `NaN`, `-Infinity`), or -1 where there is none. */
export const endOfNumber = (text: string, at: number): number => {
  const digits = text.charCodeAt(at) === 0x2d ? at + 1 : at
  if (text.startsWith("Infinity", digits)) return digits + 8
  if (text.startsWith("NaN", at)) return at + 3
  let end = skipDigits(text, digits)
  if (end === digits) return -1
  if (text.charCodeAt(end) === 0x2e) {
    const fraction = end + 1
    end = skipDigits(text, fraction)
    if (end === fraction) return -1
  }
  if (text.charCodeAt(end) === 0x65) {
    const sign = text.charCodeAt(end + 1)
    const exponent = sign === 0x2b || sign === 0x2d ? end + 2 : end + 1
    end = skipDigits(text, exponent)
    if (end === exponent) return -1
  }
  return end
}

/** Where the bits at `at` end: the first character that is neither 0 nor 1. */
export const endOfBits = (text: string, at: number): number => {
  let end = at
  while (text.charCodeAt(end) === 0x30 || text.charCodeAt(end) === 0x31) end++
  return end
}
