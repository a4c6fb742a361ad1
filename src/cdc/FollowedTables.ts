/** The tables that a writer follows while it lives: looked up in the catalog beside each look at the slot. */
import { Effect, Option } from "effect"
import * as Lsn from "../core/Lsn.ts"
import type { SourceTable } from "../core/SourceTable.ts"
import type { SlotSession } from "../services/ReplicationSlot.ts"
import type { Relation } from "../services/SourceTables.ts"
import {
  askedRelations,
  type DatasetLines,
  type FollowedTable,
  isChange,
  linesAfter,
  type TablePlan,
} from "./TablePlan.ts"
import { planTables } from "./TablePlanning.ts"

export interface FollowedTables {
  /** As the watermark has them. */
  readonly lines: DatasetLines
  /** Read by the next batch. */
  readonly now: ReadonlyArray<FollowedTable>
  /** Takes effect when the WAL was read up to `at`. */
  readonly pending: Option.Option<{ readonly at: Lsn.Lsn; readonly plan: TablePlan }>
  /** Warnings that were given, so that each is given once. */
  readonly warned: ReadonlySet<string>
}

/** The plan begins: what it changes is settled when all WAL up to `at` was read. */
export const begin = (
  lines: DatasetLines,
  plan: TablePlan,
  at: Lsn.Lsn,
  warned: ReadonlySet<string>,
): FollowedTables => ({
  lines,
  now: isChange(lines, plan) ? plan.before : plan.after,
  pending: isChange(lines, plan) ? Option.some({ at, plan }) : Option.none(),
  warned,
})

const warn = ({ warnings }: TablePlan, warned: ReadonlySet<string>) =>
  Effect.forEach(
    [...warnings].filter(([, text]) => !warned.has(text)),
    ([dataset, text]) => Effect.logWarning(text).pipe(Effect.annotateLogs({ dataset })),
    { discard: true },
  )

/**
 * The tables as the catalog knows them now. Asked after `flushed` was read: a rename whose rows stand in the WAL up to
 * there is seen. Fails where going on would mix two tables.
 */
export const lookAtTables = Effect.fnUntraced(function* (
  session: Pick<SlotSession, "relations">,
  configured: ReadonlyArray<SourceTable>,
  known: FollowedTables,
  position: Lsn.Lsn,
  flushed: Lsn.Lsn,
) {
  const catalog: ReadonlyArray<Relation> = yield* session.relations(askedRelations(configured, known.lines))
  const datasets = new Set(known.now.map(({ dataset }) => dataset))
  const plan = yield* Effect.fromResult(
    planTables({
      configured,
      lines: known.lines,
      position,
      followed: datasets,
      withObjects: datasets,
      catalog,
      isCaughtUp: flushed <= position,
    }),
  )
  yield* warn(plan, known.warned)
  return begin(known.lines, plan, flushed, new Set([...known.warned, ...plan.warnings.values()]))
})

/** What the watermark must say from now on, where the WAL was read up to `readUpTo`; none where nothing changes. */
export const settle = Effect.fnUntraced(function* (
  session: Pick<SlotSession, "newXid">,
  known: FollowedTables,
  readUpTo: Lsn.Lsn,
) {
  if (Option.isNone(known.pending) || readUpTo < known.pending.value.at) return Option.none<FollowedTables>()
  const { plan } = known.pending.value
  const xid = plan.anew.size > 0 ? Option.some(yield* session.newXid) : Option.none()
  for (const [dataset, reason] of plan.anew) {
    yield* Effect.logInfo("cdc: dataset begins").pipe(
      Effect.annotateLogs({ dataset, reason, from: Lsn.print(readUpTo) }),
    )
  }
  for (const dataset of plan.leaving) {
    yield* Effect.logInfo("cdc: dataset left").pipe(
      Effect.annotateLogs({ dataset, upTo: Lsn.print(readUpTo) }),
    )
  }
  return Option.some<FollowedTables>({
    ...known,
    lines: linesAfter(known.lines, plan, readUpTo, xid),
    now: plan.after,
    pending: Option.none(),
  })
})
