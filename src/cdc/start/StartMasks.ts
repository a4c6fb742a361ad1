/** Records changed settings of columns before a writer's first row. */
import { Effect } from "effect"
import type * as Lsn from "../../core/Lsn.ts"
import type { Watermark } from "../../core/lake/Watermark.ts"
import type { ChangeSession } from "../../services/source/ChangeSource.ts"
import { settle } from "../tables/FollowedTables.ts"
import type { TablePlan } from "../tables/TablePlan.ts"

/**
 * Returns the watermark with the masks of this process. They take effect at `flushed`: no older writer has read beyond it. The
 * process masks every row that it writes, so that the watermark must be written before the first of them.
 */
export const withMasks = Effect.fnUntraced(function* (
  session: Pick<ChangeSession, "newXid">,
  watermark: Watermark,
  maskChange: TablePlan,
  flushed: Lsn.Lsn,
) {
  if (maskChange.anew.size === 0) return watermark
  for (const [dataset, warning] of maskChange.warnings)
    yield* Effect.logWarning(warning).pipe(Effect.annotateLogs({ dataset }))
  return { ...watermark, ...(yield* settle(session, watermark, maskChange, flushed)) }
})
