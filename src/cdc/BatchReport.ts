/** Reports a confirmed batch: publishes its event, and annotates its span. */
import { Effect } from "effect"
import * as Lsn from "../core/Lsn.ts"
import { bytesIn, type PipelineEvent, rowsIn } from "../observe/PipelineEvent.ts"
import { publish } from "../observe/PipelineEvents.ts"

type BatchWritten = Extract<PipelineEvent, { readonly _tag: "BatchWritten" }>

export const reportBatch = Effect.fnUntraced(function* (batch: Omit<BatchWritten, "_tag" | "at">) {
  const { position, datasets } = batch
  if (datasets.length > 0) {
    const facts = { rows: rowsIn(datasets), bytes: bytesIn(datasets), position: Lsn.print(position) }
    yield* Effect.annotateCurrentSpan(facts)
  }
  yield* publish((at) => ({ _tag: "BatchWritten", at, ...batch }))
})
