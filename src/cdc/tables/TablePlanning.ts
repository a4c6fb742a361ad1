/**
 * Plans which tables a writer follows, and what changes. A change takes effect at one LSN, the flushed LSN of the batch that
 * notices it. Up to there the datasets of the watermark are followed under its names: the WAL may still hold rows under old
 * names, and of tables that are no longer configured.
 */
import { Option, Result } from "effect"
import type { FromReason } from "../../core/lake/Watermark.ts"
import { printInSql, sameTable } from "../../core/source/SourceTable.ts"
import type { Refusal } from "../../services/Refusal.ts"
import type { SourceError } from "../../services/source/SourceError.ts"
import { knownIn } from "../../tables/KnownTables.ts"
import { type KnownNames, knownNames, type PlanFacts, planEach } from "./PlannedTable.ts"
import { noticeOf, printNotice } from "./TableNotice.ts"
import type { FollowedTable, TablePlan } from "./TablePlan.ts"

/** Tables that SOURCE_TABLES no longer names. They are followed until the plan takes effect. */
const leavingTables = ({ configured, lines }: PlanFacts, { nameOf, rowsOf }: KnownNames) => {
  const datasets = new Set(configured.map(({ dataset }) => dataset))
  const leaving = [...lines.tables.keys()].filter(
    (dataset) => !lines.left.has(dataset) && !datasets.has(dataset),
  )
  const tables = leaving.flatMap((dataset) =>
    Option.toArray(knownIn(lines, dataset)).map(({ table, oid }): FollowedTable => {
      const now = Option.getOrElse(nameOf(oid), () => table)
      const rows = rowsOf(Option.some(oid))
      return {
        dataset,
        table: now,
        names: sameTable(table, now) ? [now] : [table, now],
        ...rows,
        leaves: rows.tree?.leaves.map((leaf) => leaf.table) ?? (lines.leaves.has(dataset) ? [] : undefined),
      }
    }),
  )
  return { leaving, tables }
}

/**
 * Removes old names that are another dataset's present name: the WAL's rows under it belong to that one. Removes leaves that
 * are a dataset's own table.
 */
export const withoutForeignNames = (followed: ReadonlyArray<FollowedTable>): ReadonlyArray<FollowedTable> => {
  const own = new Set(followed.flatMap(({ names }) => names.map(printInSql)))
  return followed.map((one) => ({
    ...one,
    leaves: one.leaves?.filter((leaf) => !own.has(printInSql(leaf))),
    names: one.names.filter(
      (name, i) =>
        i === 0 ||
        !followed.some((other) => other !== one && other.names[0] && sameTable(other.names[0], name)),
    ),
  }))
}

/** Fails with `OtherTable` (exit 3) if two tables would be mixed, and with `SchemaOrTableMissing` (exit 2) for an unknown table. */
export const planTables = (facts: PlanFacts): Result.Result<TablePlan, Refusal | SourceError> => {
  const before: Array<FollowedTable> = []
  const after: Array<FollowedTable> = []
  const anew = new Map<string, FromReason>()
  const masks = new Map<string, string | undefined>()
  const warnings = new Map<string, string>()
  for (const { source, planned } of planEach(facts)) {
    if (Result.isFailure(planned)) {
      // Dropped after the pattern was resolved: it stops no other table.
      if (source.pattern !== undefined) continue
      return Result.fail(planned.failure)
    }
    const { reason } = planned.success
    const notice = noticeOf(planned.success, "now")
    before.push(...Option.toArray(planned.success.before))
    after.push(planned.success.after)
    masks.set(source.dataset, planned.success.mask)
    if (reason !== undefined) anew.set(source.dataset, reason)
    if (notice !== undefined) warnings.set(source.dataset, printNotice(notice))
  }
  const { leaving, tables } = leavingTables(facts, knownNames(facts))
  return Result.succeed({
    before: withoutForeignNames([...before, ...tables]),
    after,
    anew,
    masks,
    leaving,
    warnings,
  })
}

/**
 * Returns the part of a plan that is about masks. It cannot wait for the rest: the writer masks from its first row on, so that
 * the watermark must say so before.
 */
export const maskChange = ({ anew, masks, warnings }: TablePlan): TablePlan => {
  const masked = new Map([...anew].filter(([, reason]) => reason === "masked"))
  const ofMasked = <A>(all: ReadonlyMap<string, A>) =>
    new Map([...all].filter(([dataset]) => masked.has(dataset)))
  return {
    before: [],
    after: [],
    anew: masked,
    masks: ofMasked(masks),
    leaving: [],
    warnings: ofMasked(warnings),
  }
}
