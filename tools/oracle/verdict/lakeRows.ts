/** The objects of a dataset, read twice: by a parser of our own and by DuckDB. */
import { join } from "node:path"
import { Effect } from "effect"
import { parseCsv } from "../../../test/support/csv/csvText.ts"
import { readCsv } from "../../../test/support/lake/duckdb.ts"
import type { LakeFolder } from "../../../test/support/lake/lakeFolder.ts"
import { metaColumns } from "../../rebuild/incFormat.ts"
import type { Values } from "./witness.ts"

export interface LakeObject {
  readonly key: string
  readonly header: ReadonlyArray<string>
  readonly rows: ReadonlyArray<Values>
}

export const readObject = Effect.fn("readObject")(function* (lake: LakeFolder, key: string) {
  const text = yield* lake.text(key)
  const [header = [], ...rows] = parseCsv(text)
  // The rows of a table without columns are empty lines.
  const hasColumns = header.some((name) => name !== null)
  const object: LakeObject = {
    key,
    header: hasColumns ? header.map((name) => name ?? "") : [],
    rows: hasColumns ? rows : rows.map(() => []),
  }
  return object
})

/** DuckDB's driver for Node takes the mark away with which a text can begin; DuckDB itself does not. */
const seenByNode = (value: string | null): string | null => value?.replace(/^\ufeff/, "") ?? null

/** Where a file begins with it, every reader takes it for the mark of UTF-8 and not for the name of the first column. */
const mark = "\ufeff"

/** What DuckDB reads differently from us. Of a table without columns there is nothing to read. */
export const differencesInDuckdb = Effect.fn("differencesInDuckdb")(function* (
  lake: LakeFolder,
  { key, header, rows }: LakeObject,
) {
  if (header.length === 0) return []
  // Its names are not our matter: to DuckDB `A` and `a` are one.
  const { rows: read } = yield* readCsv(join(lake.folder, key), false)
  const written = [header, ...rows]
  const found =
    read.length === written.length ? [] : [`${key}: DuckDB reads ${read.length} lines, not ${written.length}`]
  for (const [i, row] of written.entries()) {
    const isSame = (value: string | null, column: number) =>
      seenByNode(value) === (read[i]?.[column] ?? null) || (i === 0 && column === 0 && value === mark)
    const j = row.findIndex((value, column) => !isSame(value, column))
    if (j === -1 && row.length === read[i]?.length) continue
    found.push(
      `${key}, line ${i}, ${header[j]}: DuckDB reads ${JSON.stringify(read[i]?.[j])}, not ${JSON.stringify(row[j])}`,
    )
  }
  return found
})

/** The names under which a table's columns stand in `inc`. */
export const incNames = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.map((name) => {
    let free = name
    if (metaColumns.includes(name)) while (metaColumns.includes(free) || names.includes(free)) free += "_"
    return free
  })
