/** What a person does where a late watermark has put the position back: docs/reliability.md, "Refusals, and how to recover". */
import { Effect } from "effect"
import type { MemoryServer } from "../../../../../layers/memory/postgres/MemoryPostgres.ts"
import type { PipelineError } from "../../../../../src/cdc/CurrentBatch.ts"
import * as Lsn from "../../../../../src/core/Lsn.ts"
import { watermarkKey } from "../../../../../src/core/lake/ObjectKey.ts"
import type { TablesRefused } from "../../../../../src/services/source/TablesRefused.ts"
import { put, slotName, watermarkLines } from "../../../../support/memory/memoryWorld.ts"
import type { Conditions } from "./LateLake.ts"

/** The one refusal that late requests may bring about, on a store that honours no conditions. */
export const isPositionPutBack = (error: PipelineError | TablesRefused, conditions: Conditions): boolean =>
  conditions !== "all" && error._tag === "Refusal" && error.reason === "SlotAhead"

/** Writes the slot's position as line 1, where it is past the watermark, and leaves the other lines. */
export const putPositionRight = Effect.fnUntraced(function* (server: MemoryServer) {
  const [position = "", ...others] = yield* watermarkLines
  const confirmed = server.slots.find(slotName)?.confirmed ?? Lsn.zero
  const isBehind = Effect.map(Effect.fromOption(Lsn.parse(position)), (lsn) => lsn < confirmed)
  if (yield* Effect.orDie(isBehind))
    yield* put(watermarkKey, [Lsn.print(confirmed), ...others, ""].join("\n"))
})
