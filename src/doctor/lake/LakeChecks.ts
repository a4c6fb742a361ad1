/** Checks the lake: whether it answers, what may be done there, and what earlier runs have left there. */

import { Effect, Option, Result, Stream } from "effect"
import * as Lsn from "../../core/Lsn.ts"
import type { Layout, Watermark } from "../../core/lake/Watermark.ts"
import { counted } from "../../core/text/CountedNoun.ts"
import { forEachDataset } from "../../lake/ForEachDataset.ts"
import { lakeLayout } from "../../lake/LakeLayout.ts"
import { lastRowPosition, newestObject } from "../../lake/NewestObject.ts"
import { limitedRetry, retrying } from "../../retry/RetryPolicy.ts"
import { ObjectStore } from "../../services/lake/ObjectStore.ts"
import type { RowFormat } from "../../services/lake/RowFormat.ts"
import type { StoreAdmin } from "../../services/lake/StoreAdmin.ts"
import type { StoreError } from "../../services/lake/StoreError.ts"
import { WatermarkStore } from "../../services/lake/WatermarkStore.ts"
import type { Refusal } from "../../services/Refusal.ts"
import { Settings } from "../../settings/Settings.ts"
import { failureFinding } from "../FailureFinding.ts"
import { type Finding, ok, unchecked } from "../Finding.ts"
import { earlierValues } from "./EarlierValues.ts"
import { probeChecks, probes } from "./LakeProbes.ts"

export interface LakeAnswers {
  readonly findings: ReadonlyArray<Finding>
  /** Outer none: it cannot be read. Inner none: there is none yet. */
  readonly watermark: Option.Option<Option.Option<Watermark>>
  /** None if unknown. */
  readonly layout: Option.Option<Layout>
}

const stateChecks = { watermark: "watermark", layout: "layout", newest: "newest objects" }

/** True if no further request can succeed. */
const isOutOfReach = ({ reason }: StoreError): boolean =>
  ["Unreachable", "Tls", "BucketMissing", "BucketName"].includes(reason)

export const askLake: Effect.Effect<
  LakeAnswers,
  never,
  ObjectStore | StoreAdmin | RowFormat | WatermarkStore | Settings
> = Effect.gen(function* () {
  const store = yield* ObjectStore
  const { lake } = yield* Settings
  const kind = lake._tag === "Folder" ? "folder" : "bucket"
  const listed = yield* Effect.result(retrying(limitedRetry, Stream.runHead(store.list("inc/"))))
  if (Result.isFailure(listed) && isOutOfReach(listed.failure)) {
    const rest = [...probeChecks, ...Object.values(stateChecks)]
    return {
      findings: [
        failureFinding(kind, listed.failure),
        ...rest.map((check) => unchecked(check, `the ${kind} cannot be used`)),
      ],
      watermark: Option.none(),
      layout: Option.none(),
    }
  }
  const access = Result.match(listed, {
    onFailure: (error) => failureFinding(kind, error),
    onSuccess: () => ok(kind, "it answers and can be listed"),
  })
  const tried = yield* probes
  const read = yield* Effect.result(Effect.flatMap(WatermarkStore, (watermarks) => watermarks.read))
  const state = yield* lakeState(read)
  return {
    findings: [access, ...tried, ...state.findings],
    watermark: Result.getSuccess(read),
    layout: state.layout,
  }
})

/** Checks the state in the lake: whether a writer can continue from there. */
const lakeState = Effect.fnUntraced(function* (
  read: Result.Result<Option.Option<Watermark>, StoreError | Refusal>,
) {
  const { tables, layout: wanted } = yield* Settings
  if (Result.isFailure(read)) {
    const findings = [
      failureFinding(stateChecks.watermark, read.failure),
      unchecked(stateChecks.layout, "the watermark cannot be read"),
      unchecked(stateChecks.newest, "the watermark cannot be read"),
    ]
    return { findings, layout: Option.none<Layout>() }
  }
  const watermark = ok(stateChecks.watermark, printWatermark(read.success))
  const layout = yield* Effect.result(lakeLayout(tables, wanted, read.success))
  const findings = Result.isFailure(layout)
    ? [
        watermark,
        failureFinding(stateChecks.layout, layout.failure),
        unchecked(stateChecks.newest, "the layout is not known"),
      ]
    : [
        watermark,
        ok(stateChecks.layout, layout.success),
        yield* newestObjects(layout.success, read.success),
        ...(Option.isSome(read.success) ? yield* earlierValues(layout.success, read.success.value) : []),
      ]
  return { findings, layout: Result.getSuccess(layout) }
})

const printWatermark = Option.match<string, Watermark, string>({
  onNone: () => "none: no `cdc` has begun here",
  onSome: ({ position, writtenAt }) =>
    [Lsn.print(position), ...Option.toArray(writtenAt)].join(", written at "),
})

/** Reads the last row of each newest object, as a writer does at its start. */
const newestObjects = Effect.fnUntraced(function* (layout: Layout, watermark: Option.Option<Watermark>) {
  const { tables } = yield* Settings
  const each = forEachDataset(tables, ({ dataset }) =>
    Effect.gen(function* () {
      const known = Option.flatMap(watermark, ({ objects }) => Option.fromNullishOr(objects.get(dataset)))
      const newest = yield* newestObject("inc", layout, dataset, known)
      if (Option.isSome(newest)) yield* lastRowPosition(newest.value.object)
      return Option.isSome(newest)
    }),
  )
  return yield* Effect.match(each, {
    onFailure: (error) => failureFinding(stateChecks.newest, error),
    onSuccess: (hasObject) => {
      const some = hasObject.filter((one) => one).length
      return ok(
        stateChecks.newest,
        some === 0
          ? "none yet in inc"
          : `${some} of ${counted(hasObject.length, "dataset")} ${some === 1 ? "has" : "have"} some in inc, whose last rows can be read`,
      )
    },
  })
})
