/** Holds `full` and `inc` together to the live table. */
import { Effect } from "effect"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import type { LakeFolder } from "../../../test/support/lake/lakeFolder.ts"
import type { TestDatabase } from "../../../test/support/postgres/postgres.ts"
import { promisedSettings } from "../../../test/support/table/awkwardTable.ts"
import { difference } from "../../rebuild/compare.ts"
import { isSeen } from "../../rebuild/snapshot.ts"
import { tableSql } from "../workload/sql.ts"
import { incNames, type LakeObject, readObject } from "./lakeRows.ts"
import { replay } from "./replay.ts"
import { lookAt } from "./tableLook.ts"
import { readRows } from "./witness.ts"

export const checkReplay = Effect.fn("checkReplay")(function* (
  lake: LakeFolder,
  database: TestDatabase,
  dataset: string,
  table: TableName,
  inc: ReadonlyArray<LakeObject>,
) {
  const manifest = (yield* lake.manifests()).findLast((found) => found.dataset === dataset)
  const look = yield* lookAt(database, table)
  if (manifest === undefined || look === undefined) return [`${dataset}: there is nothing to replay`]
  const { identity } = look
  const columns = look.columns.filter(({ isVirtual }) => !isVirtual)
  const key = columns.filter(({ isKey }) => identity !== "key" || isKey).map(({ name }) => name)
  // Which row was changed is not told where nothing identifies it: such a table can only grow.
  const since = inc.flatMap(({ rows }) => rows).filter((row) => !isSeen(manifest.snapshot, Number(row[3])))
  if (identity === "none" && since.some(([op]) => op === "U" || op === "D")) return []
  const names = columns.map(({ name }) => name)
  const full = yield* readObject(lake, manifest.object)
  const { rows, problems } = replay({
    full,
    snapshot: manifest.snapshot,
    inc,
    columns: names,
    incNames: incNames(look.columns.map(({ name }) => name)).filter(
      (_, i) => look.columns[i]?.isVirtual === false,
    ),
    key,
  })
  yield* database.sql(promisedSettings)
  const live = yield* readRows(database, tableSql(table), { ...look, columns })
  return [...problems, ...difference(rows, live)].map((why) => `${dataset}, full and inc together: ${why}`)
})
