/** Holds `full` to the server's own COPY, byte by byte. */
import { Effect } from "effect"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import type { LakeFolder } from "../../../test/support/lake/lakeFolder.ts"
import type { TestDatabase } from "../../../test/support/postgres/postgres.ts"
import { serverCopy } from "../../../test/support/table/serverCopy.ts"
import { nameSql, tableSql } from "../workload/sql.ts"
import { differencesInDuckdb, readObject } from "./lakeRows.ts"
import { lookAt } from "./tableLook.ts"

/** The newest object of each table, when nothing was committed since it was made. */
export const checkFulls = Effect.fn("checkFulls")(function* (
  lake: LakeFolder,
  database: TestDatabase,
  followed: ReadonlyArray<{ readonly table: TableName; readonly dataset: string }>,
) {
  const found: Array<string> = []
  const manifests = yield* lake.manifests()
  for (const { table, dataset } of followed) {
    const object = manifests.findLast((manifest) => manifest.dataset === dataset)?.object
    const look = yield* lookAt(database, table)
    if (object === undefined || look === undefined) {
      found.push(`${dataset}: there is no full of it`)
      continue
    }
    const columns = look.columns.map(({ name, type }) =>
      type === "boolean" ? `${nameSql(name)}::text AS ${nameSql(name)}` : nameSql(name),
    )
    const wanted = yield* serverCopy(database, `SELECT ${columns.join(", ")} FROM ONLY ${tableSql(table)}`)
    const bytes = yield* lake.read(object)
    const at = bytes.findIndex((byte, i) => byte !== wanted[i])
    if (!bytes.equals(wanted)) {
      const around = (some: Buffer) => JSON.stringify(some.subarray(Math.max(at - 60, 0), at + 60).toString())
      found.push(
        `${object} is not what COPY writes, from byte ${at}: ${around(bytes)}, not ${around(wanted)}`,
      )
    }
    found.push(...(yield* differencesInDuckdb(lake, yield* readObject(lake, object))))
  }
  return found
})
