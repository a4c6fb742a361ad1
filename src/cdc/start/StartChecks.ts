/**
 * Checks a start before it writes anything: which tables are followed, what the newest objects hold, and whether they were
 * written from this server's WAL. Reads and refuses; writes and confirms nothing.
 */

import { Effect, Option } from "effect"
import * as Lsn from "../../core/Lsn.ts"
import type { LakeFolders, Watermark } from "../../core/lake/Watermark.ts"
import type { RowMark } from "../../core/row/RowPosition.ts"
import type { SourceTable } from "../../core/source/SourceTable.ts"
import { forEachDataset } from "../../lake/ForEachDataset.ts"
import { lastRowPosition, type NewestObject, newestObject } from "../../lake/NewestObject.ts"
import type { ChangeSession } from "../../services/source/ChangeSource.ts"
import { startFacts } from "../tables/StartTables.ts"
import {
  changedSince,
  type DatasetLines,
  type FollowedTable,
  linesAfter,
  type TablePlan,
} from "../tables/TablePlan.ts"
import { maskChange, planTables } from "../tables/TablePlanning.ts"
import { uncertainTables } from "../unknown/UncertainTables.ts"
import { checkHistory } from "./History.ts"
import { type LakeHistory, lastCommitOf, type NewestRow } from "./HistoryDecision.ts"

/** The end of a dataset in the lake. */
export interface LakeEnd {
  readonly object: NewestObject
  /** None if it holds only its header. */
  readonly row: Option.Option<RowMark>
}

/** Reads the end of a dataset; none if `inc` has no object of it. `before` is an earlier result: the row of the same object is not read again. */
export const lakeEnd = Effect.fn("StartChecks.lakeEnd")(function* (
  layout: LakeFolders,
  dataset: string,
  watermark: Option.Option<Watermark>,
  before: Option.Option<LakeEnd> = Option.none(),
) {
  const recorded = Option.flatMapNullishOr(watermark, ({ objects }) => objects.get(dataset))
  const known = Option.orElse(
    Option.map(before, ({ object }) => object.object.key),
    () => recorded,
  )
  const object = yield* newestObject("inc", layout, dataset, known)
  if (Option.isNone(object)) return Option.none<LakeEnd>()
  const { key } = object.value.object
  if (Option.exists(before, (end) => end.object.object.key === key)) return before
  const row = yield* lastRowPosition(object.value.object)
  return Option.some<LakeEnd>({ object: object.value, row })
})

/** Returns the commit LSN of the newest row of all these datasets. */
export const newestRow = Effect.fn("StartChecks.newestRow")(function* (
  layout: LakeFolders,
  tables: ReadonlyArray<SourceTable>,
  watermark: Option.Option<Watermark>,
) {
  const ends = yield* forEachDataset(tables, ({ dataset }) => lakeEnd(layout, dataset, watermark))
  const rows = ends.flatMap((end) => Option.toArray(Option.flatMap(end, ({ row }) => row)))
  return rows.length === 0
    ? Option.none<Lsn.Lsn>()
    : Option.some(rows.map(({ lsn }) => lsn).reduce((newest, lsn) => Lsn.max(newest, lsn)))
})

/** True for a plan that takes effect at once, because it does not change what is read. */
const isAtOnce = (lines: DatasetLines, { before, anew, leaving }: TablePlan): boolean =>
  anew.size === 0 &&
  leaving.length === 0 &&
  before.every((one) => one.names.length === 1 && Option.isNone(changedSince(lines, one)))

export interface Started {
  /** The watermark's lines about datasets. */
  readonly lines: DatasetLines
  /** Followed up to the flushed LSN of the start. */
  readonly followed: ReadonlyArray<FollowedTable>
  /** Followed once the change of tables has taken effect. */
  readonly planned: ReadonlyArray<FollowedTable>
  /** All of them, also those that a change of tables adds. */
  readonly datasets: ReadonlyArray<SourceTable>
  /** By dataset; without those that have no object. */
  readonly ends: ReadonlyMap<string, LakeEnd>
  readonly lastCommit: Watermark["lastCommit"]
  /** Takes effect at the flushed LSN of the start. */
  readonly maskChange: TablePlan
}

/** Returns what the slot must send again, according to the watermark and the newest rows. */
const historyOf = (
  { before, anew }: TablePlan,
  { from }: DatasetLines,
  ends: ReadonlyMap<string, LakeEnd>,
  watermark: Option.Option<Watermark>,
  position: Lsn.Lsn,
): LakeHistory => {
  const rows = before.flatMap(({ dataset }): ReadonlyArray<NewestRow> => {
    const end = ends.get(dataset)
    return end === undefined
      ? []
      : Option.toArray(Option.map(end.row, (row) => ({ dataset, key: end.object.object.key, row })))
  })
  const recorded = Option.flatMap(watermark, (known) => known.lastCommit)
  const lastCommit = lastCommitOf(position, recorded, rows)
  // If neither a commit nor a beginning is known, rows that an older version wrote may have been removed since. A dataset
  // that is new in a lake whose watermark names no tables has no rows up to the watermark.
  const noRowsAfter = before.flatMap(({ dataset }) => {
    if (anew.get(dataset) === "new") return []
    const known = [
      ...Option.toArray(Option.fromUndefinedOr(from.get(dataset))),
      ...Option.toArray(lastCommit),
    ].map(({ lsn }) => lsn)
    return known.length === 0 ? [] : [[dataset, known.reduce(Lsn.max)] as const]
  })
  return {
    position,
    lastCommit,
    noRowsAfter: new Map(noRowsAfter),
    newestRows: rows.filter(({ row }) => row.lsn > position),
  }
}

/** Fails if a table is unknown or another one (`planTables`), or if slot and lake belong to two histories (`OtherHistory`). */
export const checkStart = Effect.fn("StartChecks.checkStart")(function* (
  session: Pick<ChangeSession, "readTransactions" | "relations">,
  slot: { readonly name: string; readonly confirmed: Lsn.Lsn; readonly flushed: Lsn.Lsn },
  configured: ReadonlyArray<SourceTable>,
  layout: LakeFolders,
  watermark: Option.Option<Watermark>,
  position: Lsn.Lsn,
) {
  const facts = yield* startFacts(session, configured, layout, watermark, position, slot.flushed)
  const { lines } = facts
  const plan = yield* Effect.fromResult(planTables(facts))
  const leaving = new Set(plan.leaving)
  const all = [...plan.after, ...plan.before.filter(({ dataset }) => leaving.has(dataset))]
  const found = yield* forEachDataset(all, ({ dataset }) =>
    Effect.map(lakeEnd(layout, dataset, watermark), (end) =>
      Option.toArray(Option.map(end, (known) => [dataset, known] as const)),
    ),
  )
  const ends = new Map(found.flat())
  const history = historyOf(plan, lines, ends, watermark, position)
  yield* checkHistory(
    session,
    slot.name,
    slot.confirmed,
    history,
    plan.before,
    uncertainTables(lines, plan.before),
  )
  const started: Started = {
    lines: isAtOnce(lines, plan) ? linesAfter(lines, plan, position, Option.none()) : lines,
    followed: plan.before,
    planned: plan.after,
    datasets: all,
    ends,
    lastCommit: history.lastCommit,
    maskChange: maskChange(plan),
  }
  return started
})
