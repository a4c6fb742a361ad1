/**
 * The mask of a dataset: a text that changes whenever the rules of its columns or the key do. It stands in the watermark and
 * in manifests, so that a copy and changes under different masks are never taken for one table.
 */
import { createHash } from "node:crypto"
import type { ColumnEntry } from "../core/columns/ColumnEntry.ts"
import type { Projection } from "../core/columns/Projection.ts"

/** The key's name; there is one key. */
const keyName = "COLUMNS_HASH_KEY"

/** Only a hash of this text is in the mask, never the key. */
const fixedText = "afluente mask"

/** The columns that the entries are about; how an entry names the table does not matter. */
const columnsOf = (entries: ReadonlyArray<ColumnEntry>): ReadonlyArray<string> =>
  [...new Set(entries.map(({ column }) => column.regex))].sort()

/** Returns 64 hexadecimal digits; undefined if all columns are kept. */
export const maskOf = (projection: Projection | undefined): string | undefined => {
  if (projection === undefined) return undefined
  const { excluded, hashed, onNewColumn, hashing } = projection.rules
  const rules = {
    exclude: columnsOf(excluded),
    hash: columnsOf(hashed),
    ...(onNewColumn === "exclude" ? { onNewColumn } : {}),
    ...(hashed.length > 0 ? { key: [keyName, hashing.hash(Buffer.from(fixedText))] } : {}),
  }
  return createHash("sha256").update(JSON.stringify(rules)).digest("hex")
}
