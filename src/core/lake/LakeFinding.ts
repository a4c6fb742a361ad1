/** The findings of `verify`, and how they are printed: keys and column names, never other values. */

import { quoteIdentifier } from "../source/SourceTable.ts"
import { counted } from "../text/CountedNoun.ts"
import { escapeUnprintable } from "../text/PrintableText.ts"

/** Columns of the key with their text, in key order. Empty if the table has none. */
export type RowKey = ReadonlyArray<readonly [column: string, value: string | null]>

export type RowDifference =
  /** In the table and not in the lake, or the reverse. */
  | { readonly kind: "missing" | "extra"; readonly key: RowKey }
  /** The same for a table without a key: how many rows, and a digest of their values. */
  | { readonly kind: "missing" | "extra"; readonly rows: number; readonly digest: string }
  | { readonly kind: "different"; readonly key: RowKey; readonly columns: ReadonlyArray<string> }

export type LakeFinding =
  | RowDifference
  | {
      readonly kind: "twice"
      readonly lsn: string
      readonly seq: number
      readonly objects: ReadonlyArray<string>
    }
  /** About an object: it differs from its manifest, has a wrong header or row, is out of order, misnamed or missing. */
  | {
      readonly kind: "manifest" | "header" | "row" | "order" | "name" | "lost"
      readonly object: string
      readonly why: string
    }

const simple = /^[\w.:+-]+$/

const printName = (name: string): string => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : quoteIdentifier(name))
/** JSON escapes some of the characters that a terminal obeys, but not all. */
export const printValue = (value: string | null): string =>
  value === null ? "NULL" : simple.test(value) ? value : escapeUnprintable(JSON.stringify(value))

export const printKey = (key: RowKey): string =>
  key.map(([column, value]) => `${printName(column)}=${printValue(value)}`).join(" ")

const subject = (finding: LakeFinding): string => {
  switch (finding.kind) {
    case "missing":
    case "extra":
      return "key" in finding
        ? printKey(finding.key)
        : `${counted(finding.rows, "row")} (no key; md5 ${finding.digest})`
    case "different":
      return `${printKey(finding.key)}  in ${finding.columns.map(printName).join(", ")}`
    case "twice":
      return `${finding.lsn} ${finding.seq}  in ${finding.objects.join(", ")}`
    default:
      return `${finding.object}  ${finding.why}`
  }
}

/** `clientes  different  id=8  in nome, saldo` */
export const printFinding = (dataset: string, finding: LakeFinding): string =>
  `${dataset}  ${finding.kind.padEnd(9)}  ${subject(finding)}`

/** Returns the finding for `--json`. */
export const findingJson = (finding: LakeFinding): unknown =>
  "key" in finding ? { ...finding, key: Object.fromEntries(finding.key) } : finding
