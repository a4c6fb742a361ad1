/** What the watermark remembers of masked tables, so that no other name lifts a mask. */
import { Option } from "effect"
import { type MaskedTable, remembered } from "../../core/columns/MaskedTable.ts"
import type { ColumnRules } from "../../core/columns/Projection.ts"
import type { SourceTable } from "../../core/source/SourceTable.ts"
import { oidsWithin } from "../../tables/KeptMasks.ts"
import type { DatasetLines, FollowedTable } from "../tables/TablePlan.ts"

/** Returns the recorded tables, with those of `after` that are masked now. A table that was refused keeps its record. */
export const rememberedMasks = (
  { masked }: Pick<DatasetLines, "masked">,
  rules: ColumnRules,
  configured: ReadonlyArray<SourceTable>,
  after: ReadonlyArray<FollowedTable>,
): DatasetLines["masked"] => {
  const nameOf = new Map(configured.map((one) => [one.dataset, one.table]))
  return new Map([
    ...masked,
    ...after.flatMap(({ dataset, table, oid, tree }): ReadonlyArray<readonly [string, MaskedTable]> => {
      if (Option.isNone(oid)) return []
      const names = [table, nameOf.get(dataset) ?? table]
      const [own, ...leaves] = oidsWithin(oid.value, tree)
      const now = remembered(rules, masked.get(dataset), { names, oid: own ?? oid.value, leaves })
      return now === undefined ? [] : [[dataset, now]]
    }),
  ])
}
