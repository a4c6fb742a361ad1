/** The queries of `status`: the slot, its writer, and the writer's last statement. */
import { Effect, Layer, Option } from "effect"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"
import { SlotInspection, type WriterActivity } from "../../../src/services/source/SlotInspection.ts"
import { connectToPrimary } from "../connection/PostgresPrimary.ts"
import { describeAddress, type PostgresSession } from "../connection/PostgresSession.ts"
import { identify } from "../connection/ServerFacts.ts"
import { readSlotFacts } from "../inspection/PostgresInspection.ts"
import { relations } from "../tables/PostgresRelations.ts"
import { stateQueryStart } from "./PostgresSlotState.ts"

/** Columns of another role's session are NULL without the right to read them (`pg_read_all_stats`). */
const activitySql = `
  SELECT state = 'idle' AND starts_with(query, $2) AS idle,
         extract(epoch FROM clock_timestamp() - query_start)::text AS seconds
    FROM pg_stat_activity WHERE pid = $1`

const activity = Effect.fnUntraced(function* (session: PostgresSession, pid: number) {
  const [row] = yield* session.query("writer", activitySql, [pid, stateQueryStart])
  if (row?.["idle"] == null || row["seconds"] == null) return Option.none<WriterActivity>()
  return Option.some<WriterActivity>({
    isIdle: row["idle"] === "t",
    seconds: Math.max(0, Number(row["seconds"])),
  })
})

export const layer = (address: SourceAddress, slot: string): Layer.Layer<SlotInspection> =>
  Layer.succeed(
    SlotInspection,
    SlotInspection.of({
      location: describeAddress(address),
      slot,
      readState: Effect.gen(function* () {
        const session = yield* connectToPrimary(address, "status")
        const found = yield* readSlotFacts(session, slot)
        return {
          ...found,
          source: yield* identify(session),
          activity: Option.isNone(found.writer)
            ? Option.none()
            : yield* activity(session, found.writer.value.pid),
        }
      }).pipe(Effect.scoped),
      relations: (asked) =>
        Effect.scoped(
          Effect.flatMap(connectToPrimary(address, "status"), (session) => relations(session)(asked)),
        ),
    }),
  )
