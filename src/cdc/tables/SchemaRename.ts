/**
 * A renamed schema, and the rows that the WAL still holds under its old name. `ALTER TABLE … RENAME` waits until nobody
 * writes to the table; `ALTER SCHEMA … RENAME` waits for nobody. A transaction that was open then commits rows under the
 * old name after all of the WAL that shows the new one. So both names are followed until each such transaction has ended, and
 * so long are rows looked for under a name that the schema bore between two looks.
 */
import { Effect, Option } from "effect"
import type { ChangeSession } from "../../services/source/ChangeSource.ts"
import { changedSince, type DatasetLines, type FollowedTable } from "./TablePlan.ts"

/** A rename that was seen. Not kept in the lake: the watermark has the old name until the rename is over. */
export interface SchemaRename {
  /** Of which tables, to know another rename from it. */
  readonly tables: string
  /** Transactions with rows under the old name have ids below this one. */
  readonly before: bigint
  /** All of those have ended: the WAL holds only the new name from now on. */
  readonly isOver: boolean
}

/** The rows of the table's schema are others than the watermark records: it may have been renamed back since. */
const isRenamed = (lines: DatasetLines, one: FollowedTable): boolean =>
  new Set(one.names.map(({ schema }) => schema)).size > 1 ||
  Option.exists(changedSince(lines, one), ({ schema }) =>
    Option.exists(one.mark, (now) => now.schema !== schema),
  )

/** Those of the tables whose schema was renamed. */
export const inRenamedSchemas = (lines: DatasetLines, followed: ReadonlyArray<FollowedTable>) =>
  followed.filter((one) => isRenamed(lines, one))

const printAll = (renamed: ReadonlyArray<FollowedTable>): string =>
  JSON.stringify(
    renamed.map(({ names, mark }) => [
      ...names,
      Option.match(mark, { onNone: () => 0, onSome: (now) => now.schema }),
    ]),
  )

/** What is known now of the renames of these tables' schemas. Asks nothing of the server where there are none. */
export const watchRename = Effect.fnUntraced(function* (
  session: Pick<ChangeSession, "newXid" | "oldestXid">,
  renamed: ReadonlyArray<FollowedTable>,
  known: Option.Option<SchemaRename>,
) {
  if (renamed.length === 0) return Option.none<SchemaRename>()
  const tables = printAll(renamed)
  const seen = Option.filter(known, (rename) => rename.tables === tables)
  const before = Option.isSome(seen) ? seen.value.before : yield* session.newXid
  return Option.some<SchemaRename>({ tables, before, isOver: (yield* session.oldestXid) >= before })
})
