/**
 * CSV exactly as PostgreSQL writes it: `COPY … (FORMAT csv)`.
 *
 * Source: src/backend/commands/copyto.c, `CopyAttributeOutCSV`. NULL is an empty field, the empty string is `""` (else it
 * would read as NULL). A field is quoted only if it contains a comma, a quote or a line end; quotes are doubled.
 * Works on byte strings and on ordinary text, because all special characters are ASCII.
 *
 * Replaces csv-stringify, which takes about 9 µs per row: more than all other work on a change. Tests compare the output with
 * that of csv-stringify and of PostgreSQL.
 */
import { carriageReturn, comma, newline, quote } from "../bytes/Ascii.ts"

/** The bytes that make a field need quotes around it. */
export const needingQuotes: ReadonlyArray<number> = [quote, comma, newline, carriageReturn]

/** Prints one of several fields of a row; null is SQL NULL. */
export const csvField = (value: string | null): string => {
  if (value === null) return ""
  if (value === "") return '""'
  if (!special.test(value)) return value
  return value.includes('"') ? `"${value.replaceAll('"', '""')}"` : `"${value}"`
}

const special = new RegExp(`[${String.fromCharCode(...needingQuotes)}]`)

/**
 * Prints a whole row with its newline. `\.` alone on a line once meant the end of the data, so that PostgreSQL quotes it if
 * it is the only field.
 */
export const csvRow = (fields: ReadonlyArray<string | null>): string =>
  fields.length === 1 && fields[0] === "\\." ? '"\\."\n' : `${fields.map(csvField).join(",")}\n`
