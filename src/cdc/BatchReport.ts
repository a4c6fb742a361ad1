/** What a batch tells of itself once it is in the lake: one line in the log, its metrics, and the live line. */
import { Clock, Effect } from "effect"
import * as Lsn from "../core/Lsn.ts"
import { observeBatch } from "../services/Metrics.ts"
import { Vitals } from "../services/Vitals.ts"
import { rowsIn, type WrittenDataset } from "./rows/DatasetObjects.ts"

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((all, one) => all + one, 0)

/** `lagSeconds`: how old the batch's oldest commit has become until all of it was in the lake. */
export const reportBatch = Effect.fnUntraced(function* (
  upTo: Lsn.Lsn,
  written: ReadonlyArray<WrittenDataset>,
  startedAt: number,
) {
  const position = Lsn.print(upTo)
  if (written.length === 0) {
    return yield* Effect.logDebug("cdc: nothing of ours in the log").pipe(Effect.annotateLogs({ position }))
  }
  const vitals = yield* Vitals
  const now = yield* Clock.currentTimeMillis
  const millis = now - startedAt
  const objects = written.flatMap((dataset) => dataset.objects)
  const rows = sum(written.map((dataset) => rowsIn(dataset.rows)))
  const bytes = sum(objects.map((object) => object.bytes))
  vitals.wrote(rows, objects.at(-1)?.key)
  yield* observeBatch(millis / 1000)
  yield* Effect.annotateCurrentSpan({ rows, bytes, position })
  yield* Effect.logInfo("cdc: batch written").pipe(
    Effect.annotateLogs({
      rows: written.map((one) => `${one.dataset}:${rowsIn(one.rows)}`).join(","),
      objects: objects.length,
      bytes,
      position,
      lagSeconds: vitals.lagSeconds(now),
      millis,
    }),
  )
})
