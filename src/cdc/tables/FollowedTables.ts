/** The tables that a writer follows while it lives: the catalog is asked before each batch. */
import { Effect, Option } from "effect"
import * as Lsn from "../../core/Lsn.ts"
import type { SourceTable } from "../../core/source/SourceTable.ts"
import type { SlotSession } from "../../services/source/ReplicationSlot.ts"
import { type SchemaRename, watchRename, withoutRename } from "./SchemaRename.ts"
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
  /** As SOURCE_TABLES names them. */
  readonly configured: ReadonlyArray<SourceTable>
  /** What the next batch reads. */
  readonly now: ReadonlyArray<FollowedTable>
  /** Of a schema, as it was known when the WAL was looked at last. */
  readonly rename: Option.Option<SchemaRename>
  /** Warnings that were given, so that each is given once. */
  readonly warned: ReadonlySet<string>
}

const warn = ({ warnings }: TablePlan, warned: ReadonlySet<string>) =>
  Effect.forEach(
    [...warnings].filter(([, text]) => !warned.has(text)),
    ([dataset, text]) => Effect.logWarning(text).pipe(Effect.annotateLogs({ dataset })),
    { discard: true },
  )

/**
 * Returns the tables to read up to `flushed`, and what changes there. `flushed` must have been read before: so a rename is
 * known when its rows are read. Fails with `OtherTable` where going on would mix two tables.
 */
export const lookAtTables = Effect.fnUntraced(function* (
  session: Pick<SlotSession, "relations" | "newXid" | "oldestXid">,
  known: FollowedTables,
  lines: DatasetLines,
  readUpTo: Lsn.Lsn,
  flushed: Lsn.Lsn,
) {
  const { configured } = known
  const datasets = new Set(known.now.map(({ dataset }) => dataset))
  const found = yield* Effect.fromResult(
    planTables({
      configured,
      lines,
      position: readUpTo,
      followed: datasets,
      withObjects: datasets,
      catalog: yield* session.relations(askedRelations(configured, lines)),
      isRunning: true,
      isCaughtUp: flushed <= readUpTo,
    }),
  )
  yield* warn(found, known.warned)
  const rename = yield* watchRename(session, found.before, known.rename)
  // What was known before `flushed` was read: a transaction that has ended since may have its COMMIT after that.
  const isOver = Option.exists(
    known.rename,
    (seen) => seen.isOver && Option.exists(rename, ({ tables }) => tables === seen.tables),
  )
  const plan = isOver ? found : withoutRename(found)
  const change = isChange(lines, plan) ? Option.some(plan) : Option.none<TablePlan>()
  const tables: FollowedTables = {
    configured,
    rename,
    now: Option.isSome(change) ? plan.before : plan.after,
    warned: new Set([...known.warned, ...plan.warnings.values()]),
  }
  return { tables, change }
})

/** The change takes effect at `lsn`: all WAL up to there is read. Returns what the watermark says of datasets from then on. */
export const settle = Effect.fnUntraced(function* (
  session: Pick<SlotSession, "newXid">,
  lines: DatasetLines,
  plan: TablePlan,
  lsn: Lsn.Lsn,
) {
  const xid = plan.anew.size > 0 ? Option.some(yield* session.newXid) : Option.none()
  const at = Lsn.print(lsn)
  for (const [dataset, reason] of plan.anew)
    yield* Effect.logInfo("cdc: dataset begins").pipe(Effect.annotateLogs({ dataset, reason, from: at }))
  for (const dataset of plan.leaving)
    yield* Effect.logInfo("cdc: dataset left").pipe(Effect.annotateLogs({ dataset, upTo: at }))
  return linesAfter(lines, plan, lsn, xid)
})
