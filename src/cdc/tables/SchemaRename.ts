/**
 * A renamed schema, and the rows that the WAL still holds under its old name. `ALTER TABLE … RENAME` waits until nobody
 * writes to the table; `ALTER SCHEMA … RENAME` waits for nobody. A transaction that was open then commits rows under the
 * old name after all of the WAL that shows the new one. So both names are followed until each such transaction has ended.
 */
import { Effect, Option } from "effect"
import type { SlotSession } from "../../services/source/ReplicationSlot.ts"
import type { FollowedTable, TablePlan } from "./TablePlan.ts"

/** A rename that was seen. Not kept in the lake: the watermark has the old name until the rename is over. */
export interface SchemaRename {
  /** Of which tables, to know another rename from it. */
  readonly tables: string
  /** Transactions with rows under the old name have ids below this one. */
  readonly before: bigint
  /** All of those have ended: what the log holds from now on bears the new name. */
  readonly isOver: boolean
}

const isRenamed = ({ names }: FollowedTable): boolean => new Set(names.map(({ schema }) => schema)).size > 1

/** What is known of the renames among these tables now. Asks nothing of the server where there are none. */
export const watchRename = Effect.fnUntraced(function* (
  session: Pick<SlotSession, "newXid" | "oldestXid">,
  followed: ReadonlyArray<FollowedTable>,
  known: Option.Option<SchemaRename>,
) {
  const tables = JSON.stringify(followed.filter(isRenamed).map(({ names }) => names))
  if (!followed.some(isRenamed)) return Option.none<SchemaRename>()
  const seen = Option.filter(known, (rename) => rename.tables === tables)
  const before = Option.isSome(seen) ? seen.value.before : yield* session.newXid
  return Option.some<SchemaRename>({ tables, before, isOver: (yield* session.oldestXid) >= before })
})

/** The plan without those renames: after it the tables are followed under both names, and the watermark has the old one. */
export const withoutRename = (plan: TablePlan): TablePlan => ({
  ...plan,
  after: plan.after.map((one) => {
    const renamed = plan.before.find(({ dataset }) => dataset === one.dataset)
    return renamed !== undefined && isRenamed(renamed) && !plan.anew.has(one.dataset)
      ? { ...renamed, oid: Option.none() }
      : one
  }),
})
