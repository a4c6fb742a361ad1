/** What the watermark remembers of masked tables, so that no other name lifts a mask. */
import { Option } from "effect"
import { type MaskedTable, remembered } from "../../core/columns/MaskedTable.ts"
import type { ColumnRules } from "../../core/columns/Projection.ts"
import { oidsWithin } from "../../tables/KeptMasks.ts"
import type { DatasetLines, FollowedTable } from "../tables/TablePlan.ts"
import type { EntryNames } from "./EntryNames.ts"

/** Returns the recorded tables, with those of `after` that are masked now. A table that was refused keeps its record. */
export const rememberedMasks = (
  { masked }: Pick<DatasetLines, "masked">,
  rules: ColumnRules,
  namesOf: EntryNames,
  after: ReadonlyArray<FollowedTable>,
): DatasetLines["masked"] =>
  new Map([
    ...masked,
    ...after.flatMap((one): ReadonlyArray<readonly [string, MaskedTable]> => {
      const { dataset, oid, tree } = one
      if (Option.isNone(oid)) return []
      const oids = oidsWithin(oid.value, tree)
      const now = remembered(rules, masked.get(dataset), { names: namesOf(one), oid: oid.value, oids })
      return now === undefined ? [] : [[dataset, now]]
    }),
  ])
