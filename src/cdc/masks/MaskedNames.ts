/** Which columns of followed tables are masked, and which were under another name. */
import { Effect, Result } from "effect"
import { columnsOfMasked, type MaskedTable, withColumns } from "../../core/columns/MaskedTable.ts"
import {
  type ColumnRules,
  type MaskedColumns,
  projectionFor,
  type RenamedColumns,
} from "../../core/columns/Projection.ts"
import { SourceTables } from "../../services/source/SourceTables.ts"
import type { FollowedTable } from "../tables/TablePlan.ts"
import type { EntryNames } from "./EntryNames.ts"

export interface MaskedNames {
  /** As in `FollowedTable`: the catalog is asked again when it changes. */
  readonly definition: string | undefined
  readonly masked: MaskedColumns
  readonly renamed: RenamedColumns
}

/** Returns the records with their columns, and what was found of each. Asks the catalog about changed tables only. */
export const maskedNames = Effect.fn("MaskedNames.maskedNames")(function* (
  remembered: ReadonlyMap<string, MaskedTable>,
  rules: ColumnRules,
  namesOf: EntryNames,
  followed: ReadonlyArray<FollowedTable>,
  before: ReadonlyMap<string, MaskedNames>,
) {
  const { describeAll } = yield* SourceTables
  const asked = followed.flatMap((one) => {
    const { dataset, table, definition } = one
    const record = remembered.get(dataset)
    const projection = projectionFor(rules, namesOf(one))
    const isSame = definition === undefined || before.get(dataset)?.definition === definition
    return record === undefined || projection === undefined || isSame
      ? []
      : [{ dataset, table, definition, record, projection }]
  })
  const masked = new Map(remembered)
  const columns = new Map(before)
  if (asked.length === 0) return { masked, columns }
  const found = yield* describeAll(asked.map(({ table }) => table))
  for (const [i, { dataset, definition, record, projection }] of asked.entries()) {
    const described = found[i]
    // Dropped since: the next read of the catalog shows it.
    if (described === undefined || Result.isFailure(described)) continue
    const now = withColumns(record, projection, described.success.columns)
    const names = columnsOfMasked(now)
    const { renamed } = projection
      .knowing({ inLake: undefined, masked: names })
      .ofColumns(described.success.columns)
    masked.set(dataset, now)
    columns.set(dataset, { definition, masked: names, renamed })
  }
  return { masked, columns }
})
