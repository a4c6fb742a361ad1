/** A `cdc` that follows a slot of its own into a folder. */
import { Effect, Schedule } from "effect"
import { eventually } from "../../../test/support/eventually.ts"
import { scratchFolder } from "./Lake.ts"
import type { Source } from "./Source.ts"
import { startTool } from "./Tool.ts"

export const followerSlot = "bench_follower"

/** Held by a writer on its slot, and by nothing else here. */
const attached = `SELECT count(*)::text AS held FROM pg_locks
  WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

/** Makes the slot, starts the program and waits until it has the slot; all of it goes with the scope. */
export const follow = Effect.fn("follow")(function* (
  { sql, libpq }: Source,
  place: string,
  tables: string,
  settings: Readonly<Record<string, string>> = {},
) {
  yield* Effect.acquireRelease(
    sql("SELECT pg_create_logical_replication_slot($1, 'test_decoding')", [followerSlot]),
    // Its reader may need a moment to let go.
    () =>
      Effect.ignore(
        Effect.retry(sql("SELECT pg_drop_replication_slot($1)", [followerSlot]), {
          schedule: Schedule.spaced("50 millis"),
          times: 100,
        }),
      ),
  )
  const folder = yield* scratchFolder(place)
  const tool = yield* startTool(["cdc"], {
    ...libpq,
    LAKE_URL: `file:${folder}`,
    SOURCE_TABLES: tables,
    REPLICATION_SLOT: followerSlot,
    ...settings,
  })
  yield* eventually(
    "cdc has its slot",
    Effect.map(sql(attached), ([row]) => row?.["held"] === "1"),
  )
  return { folder, finish: Effect.andThen(tool.stop, tool.ended) }
})
