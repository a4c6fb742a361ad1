/** COLUMNS_EXCLUDE and COLUMNS_HASH as a run sets them: names of columns, of every table. */
import { createHmac } from "node:crypto"
import type { WantedColumn } from "./rebuild.ts"

export interface Masks {
  readonly excluded: ReadonlyArray<string>
  readonly hashed: ReadonlyArray<string>
  readonly key: string
}

export const noMasks: Masks = { excluded: [], hashed: [], key: "" }

/** As the program's settings. */
export const maskSettings = ({ excluded, hashed, key }: Masks): Readonly<Record<string, string>> => ({
  ...(excluded.length === 0 ? {} : { COLUMNS_EXCLUDE: excluded.map((name) => `*.${name}`).join(",") }),
  ...(hashed.length === 0
    ? {}
    : { COLUMNS_HASH: hashed.map((name) => `*.${name}`).join(","), COLUMNS_HASH_KEY: key }),
})

/** Whether the lake has the column at all. */
export const isKept = ({ excluded }: Masks, name: string): boolean => !excluded.includes(name)

/** What the lake has of a value. */
export const masked = ({ hashed, key }: Masks, name: string, value: string | null): string | null =>
  value === null || !hashed.includes(name) ? value : createHmac("sha256", key).update(value).digest("hex")

/** The columns that the lake has, with what it has of their older rows. */
export const keptColumns = <A extends WantedColumn>(
  masks: Masks,
  columns: ReadonlyArray<A>,
): ReadonlyArray<A> =>
  columns
    .filter(({ name }) => isKept(masks, name))
    .map((column) => ({ ...column, missing: masked(masks, column.name, column.missing) }))
