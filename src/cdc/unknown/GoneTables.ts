/**
 * Rows of tables that match a pattern of SOURCE_TABLES and do not exist any more: they were created, filled and dropped
 * between two reads of the catalog. Their rows are skipped, and reported.
 */
import { Effect } from "effect"
import { fromBytes } from "../../core/bytes/Bytes.ts"
import type { Table } from "../../core/slot/Change.ts"
import { tableKey } from "../../core/slot/tokens/TableMemo.ts"
import { printTable, type TableName } from "../../core/source/SourceTable.ts"
import { patternOf } from "../../core/tables/PatternMatches.ts"
import { datasetOf, isDatasetName } from "../../core/tables/TableEntry.ts"
import type { PresentTables } from "../tables/FollowedTables.ts"
import { logSome } from "../tables/TableReport.ts"

/** Beyond this many names further ones are not noted. */
const maxNames = 1000

/** Collects the names of a batch that are no dataset's and that match a pattern. */
export class GoneTables {
  readonly #present: PresentTables
  /** By key; undefined for a table that matches no pattern or exists. */
  readonly #names = new Map<string, TableName | undefined>()

  constructor(present: PresentTables) {
    this.#present = present
  }

  note(table: Table): void {
    const key = tableKey(table)
    if (this.#names.has(key) || this.#names.size >= maxNames) return
    const name = { schema: fromBytes(table.schema), name: fromBytes(table.name) }
    const { entries, names } = this.#present
    const isGone = !names.has(printTable(name)) && patternOf(entries, name) !== undefined
    this.#names.set(key, isGone ? name : undefined)
  }

  /** Logs the first of them, and the number of the others. Returns their datasets, without those that another table has. */
  get report(): Effect.Effect<ReadonlySet<string>> {
    const { entries, datasets } = this.#present
    const gone = [...this.#names.values()].flatMap((table) => {
      const entry = table && patternOf(entries, table)
      if (table === undefined || entry === undefined) return []
      const dataset = datasetOf(entry.dataset, table)
      const isFree = isDatasetName(dataset) && !datasets.has(dataset)
      return [{ table, pattern: entry.pattern.text, dataset: isFree ? dataset : undefined }]
    })
    return Effect.as(
      logSome(
        gone,
        ({ table, pattern, dataset }) =>
          Effect.logWarning(
            `Table ${printTable(table)} matches ${pattern}, and was created and dropped or renamed between two reads of the catalog. ` +
              `The WAL holds rows under this name, and they are in no inc. ` +
              `Keep such tables until cdc has read them, or leave them out: !${printTable(table)}`,
          ).pipe(Effect.annotateLogs(dataset === undefined ? {} : { dataset })),
        "a pattern after ! leaves out many",
      ),
      new Set(gone.flatMap(({ dataset }) => dataset ?? [])),
    )
  }
}
