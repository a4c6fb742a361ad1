/** What lies in a lake's folder of one dataset: its newest copy, its objects of `inc`, and the columns of each. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Result } from "effect"
import { type Manifest, parse as parseManifest } from "../../src/core/lake/Manifest.ts"
import { parse as parseSchema, type SchemaColumn } from "../../src/core/lake/TableSchema.ts"
import { type CsvRow, parseCsv } from "../../test/support/csv/csvText.ts"

export interface CsvObject {
  readonly header: ReadonlyArray<string>
  readonly rows: ReadonlyArray<CsvRow>
}

export interface IncObject {
  readonly key: string
  /** Undefined where the history has none for it. */
  readonly columns: ReadonlyArray<SchemaColumn> | undefined
}

export interface DatasetFiles {
  readonly folder: string
  /** Undefined where there is no copy. */
  readonly manifest: Manifest | undefined
  /** In the order of their names. */
  readonly inc: ReadonlyArray<IncObject>
}

const keysBelow = (folder: string, prefix: string): ReadonlyArray<string> => {
  try {
    const names = readdirSync(join(folder, prefix), { recursive: true, encoding: "utf8" })
    return names.map((name) => `${prefix}/${name}`).sort()
  } catch {
    return []
  }
}

const stampOf = (key: string): string => /(\d{8}_\d{6}(?:_\d+)?)\.(?:csv|json)$/.exec(key)?.[1] ?? ""

const nameOf = (key: string): string => key.slice(key.lastIndexOf("/") + 1)

/** Of a lake in the layout `datasets`. */
export const datasetFiles = (folder: string, dataset: string): DatasetFiles => {
  const read = (key: string) => readFileSync(join(folder, key), "utf8")
  const manifests = keysBelow(folder, `full/${dataset}`).filter((key) => nameOf(key).startsWith("_full_"))
  const newest = manifests.toSorted((a, b) => (stampOf(a) < stampOf(b) ? -1 : 1)).at(-1)
  const below = keysBelow(folder, `inc/${dataset}`)
  const schemas = below
    .filter((key) => nameOf(key).startsWith("_schema_"))
    .map((key) => ({ stamp: stampOf(key), columns: Result.getOrThrow(parseSchema(read(key))).columns }))
  return {
    folder,
    manifest: newest === undefined ? undefined : Result.getOrThrow(parseManifest(read(newest))),
    inc: below
      .filter((key) => /^cdc_.*\.csv$/.test(nameOf(key)))
      .map((key) => ({ key, columns: schemas.findLast(({ stamp }) => stamp <= stampOf(key))?.columns })),
  }
}

export const readCsvObject = (folder: string, key: string): CsvObject => {
  const [header = [], ...rows] = parseCsv(readFileSync(join(folder, key), "utf8"))
  return { header: header.map((name) => name ?? ""), rows }
}
