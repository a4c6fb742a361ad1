/**
 * A renamed schema, and the rows that the WAL still holds under its old name. `ALTER TABLE … RENAME` waits until nobody
 * writes to the table; `ALTER SCHEMA … RENAME` waits for nobody. A transaction that is open then can commit rows under the
 * old name after others have committed rows under the new one. So both names are followed until each such transaction has
 * ended. Until then rows are also searched under names that the schema had between two reads of the catalog.
 */
import { Effect, Option } from "effect"
import type { ChangeSession } from "../../services/source/ChangeSource.ts"
import { changedSince, type DatasetLines, type FollowedTable } from "./TablePlan.ts"

/** A rename in progress. It is not stored in the lake: the watermark has the old name until the rename is over. */
export interface SchemaRename {
  /** The renamed tables as text, to tell this rename from another. */
  readonly tables: string
  /** Transactions with rows under the old name have ids below this one. */
  readonly before: bigint
  /** All of those have ended: the WAL holds only the new name from now on. */
  readonly isOver: boolean
}

/** True if the catalog's rows of the table's schema differ from the recorded ones: it may have been renamed and back. */
const isRenamed = (lines: DatasetLines, one: FollowedTable): boolean =>
  new Set(one.names.map(({ schema }) => schema)).size > 1 ||
  Option.exists(changedSince(lines, one), ({ schema }) =>
    Option.exists(one.mark, (now) => now.schema !== schema),
  )

/** Returns the tables whose schema was renamed. */
export const inRenamedSchemas = (lines: DatasetLines, followed: ReadonlyArray<FollowedTable>) =>
  followed.filter((one) => isRenamed(lines, one))

const printAll = (renamed: ReadonlyArray<FollowedTable>): string =>
  JSON.stringify(
    renamed.map(({ names, mark }) => [
      ...names,
      Option.match(mark, { onNone: () => 0, onSome: (now) => now.schema }),
    ]),
  )

/** Returns the state of the rename of these tables' schemas. Queries nothing if there are no such tables. */
export const watchRename = Effect.fnUntraced(function* (
  session: Pick<ChangeSession, "newXid" | "oldestXid">,
  renamed: ReadonlyArray<FollowedTable>,
  known: Option.Option<SchemaRename>,
) {
  if (renamed.length === 0) return Option.none<SchemaRename>()
  const tables = printAll(renamed)
  const same = Option.filter(known, (rename) => rename.tables === tables)
  const before = Option.isSome(same) ? same.value.before : yield* session.newXid
  return Option.some<SchemaRename>({ tables, before, isOver: (yield* session.oldestXid) >= before })
})
