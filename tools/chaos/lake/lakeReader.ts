/** Reads the lake with DuckDB, which shares no code with what wrote it. */
import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { DuckDBInstance } from "@duckdb/node-api"

/** A row by the names of its columns, every value as it stands in the file; `file` is its object. */
export type LakeRow = Readonly<Record<string, string | null>>

export interface LakeObject {
  readonly key: string
  readonly bytes: number
}

/** The CSV objects below a prefix, in the order of their names. */
export const objectsBelow = async (folder: string, prefix: string): Promise<ReadonlyArray<LakeObject>> => {
  const names = await readdir(join(folder, prefix), { recursive: true }).catch(() => [])
  const keys = names
    .filter((name) => /(^|\/)[^./][^/]*\.csv$/.test(name))
    .map((name) => `${prefix}/${name}`)
    .sort()
  return Promise.all(keys.map(async (key) => ({ key, bytes: (await stat(join(folder, key))).size })))
}

/** DuckDB's own defaults would guess types, read `""` as NULL and add a column for the folder `date=…`. */
const dialect = `all_varchar = true, header = true, hive_partitioning = false, allow_quoted_nulls = false, nullstr = '',
  delim = ',', quote = '"', escape = '"', max_line_size = 67108864, parallel = false, union_by_name = true, filename = 'file'`

/** So many objects are opened at once. */
const objectsAtOnce = 100

/** Every row of the objects, in the order in which the objects are given and the rows stand. */
export async function* rowsOf(folder: string, objects: ReadonlyArray<LakeObject>): AsyncGenerator<LakeRow> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" })
  const connection = await instance.connect()
  try {
    for (let at = 0; at < objects.length; at += objectsAtOnce) {
      const files = objects
        .slice(at, at + objectsAtOnce)
        .map(({ key }) => `'${join(folder, key).replaceAll("'", "''")}'`)
      const result = await connection.stream(`SELECT * FROM read_csv([${files.join(", ")}], ${dialect})`)
      for await (const rows of result.yieldRowObjectJs()) {
        // With `all_varchar` every value is text or NULL.
        for (const row of rows) yield row as LakeRow
      }
    }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
