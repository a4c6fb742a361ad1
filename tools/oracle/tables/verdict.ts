/** Holds the lake to the tables: by `verify`, and by a replay of our own that shares no code with it. */
import { Effect } from "effect"
import type { TestDatabase } from "../../../test/support/postgres/postgres.ts"
import { promisedSettings } from "../../../test/support/table/awkwardTable.ts"
import { difference } from "../../rebuild/compare.ts"
import { datasetFiles } from "../../rebuild/datasetFiles.ts"
import { lakeView, rowsSql } from "../../rebuild/liveTable.ts"
import type { Masks } from "../../rebuild/masks.ts"
import { rebuild } from "../../rebuild/rebuild.ts"
import { tableSql } from "../workload/sql.ts"
import { lookAtTable } from "./catalog.ts"
import type { Place } from "./places.ts"

/** What the replay of one dataset finds, and how many changes it read. */
export const checkDataset = Effect.fn("checkDataset")(function* (
  folder: string,
  database: TestDatabase,
  { table, dataset }: Place,
  masks: Masks,
) {
  const look = yield* lookAtTable(database, table)
  if (look === undefined) return { found: [`${dataset}: there is no table to compare with`], changes: 0 }
  const view = lakeView(masks, look.columns)
  yield* database.sql(promisedSettings)
  const wanted = view.rows(yield* database.sql(rowsSql(tableSql(table), view.columns)))
  const { rows, problems, changes } = rebuild(datasetFiles(folder, dataset), view.columns)
  const names = view.columns.map(({ name }) => name).join()
  const differing = difference(rows, wanted).map((what) => `${what} (${names})`)
  return {
    found: [...problems, ...differing.slice(0, 8)].map((what) => `${dataset}, replayed: ${what}`),
    changes,
  }
})
