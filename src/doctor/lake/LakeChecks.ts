/** Checks the lake: whether it answers, what may be done there, and what earlier runs have left there. */

import { Effect, Option, Result, Stream } from "effect"
import * as Lsn from "../../core/Lsn.ts"
import { layoutOf, rootOf } from "../../core/lake/ObjectKey.ts"
import type { LakeFolders, Watermark } from "../../core/lake/Watermark.ts"
import { type TableSelection, tablesIn } from "../../core/tables/TableSelection.ts"
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
  readonly layout: Option.Option<LakeFolders>
  /** The tables of SOURCE_TABLES whose names the lake can take. */
  readonly selection: TableSelection
}

const stateChecks = { watermark: "watermark", layout: "layout", newest: "newest objects" }

/** True if no further request can succeed. */
const isOutOfReach = ({ reason }: StoreError): boolean =>
  ["Unreachable", "Tls", "BucketMissing", "BucketName"].includes(reason)

/** `selection` is waited for: it needs the source. */
export const askLake = Effect.fnUntraced(function* (
  selection: Effect.Effect<TableSelection>,
): Effect.fn.Return<LakeAnswers, never, ObjectStore | StoreAdmin | RowFormat | WatermarkStore | Settings> {
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
      selection: yield* selection,
    }
  }
  const access = Result.match(listed, {
    onFailure: (error) => failureFinding(kind, error),
    onSuccess: () => ok(kind, "it answers and can be listed"),
  })
  const tried = yield* probes
  const read = yield* Effect.result(Effect.flatMap(WatermarkStore, (watermarks) => watermarks.read))
  const state = yield* lakeState(read, yield* selection)
  return {
    findings: [access, ...tried, ...state.findings],
    watermark: Result.getSuccess(read),
    layout: state.layout,
    selection: state.selection,
  }
})

/** Checks the state in the lake: whether a writer can continue from there. */
const lakeState = Effect.fnUntraced(function* (
  read: Result.Result<Option.Option<Watermark>, StoreError | Refusal>,
  found: TableSelection,
) {
  const { layout: wanted } = yield* Settings
  if (Result.isFailure(read)) {
    const findings = [
      failureFinding(stateChecks.watermark, read.failure),
      unchecked(stateChecks.layout, "the watermark cannot be read"),
      unchecked(stateChecks.newest, "the watermark cannot be read"),
    ]
    return { findings, layout: Option.none<LakeFolders>(), selection: found }
  }
  const watermark = ok(stateChecks.watermark, printWatermark(read.success))
  const fitted = yield* Effect.result(lakeLayout(found, wanted, read.success))
  if (Result.isFailure(fitted)) {
    const findings = [
      watermark,
      failureFinding(stateChecks.layout, fitted.failure),
      unchecked(stateChecks.newest, "the layout is not known"),
    ]
    return { findings, layout: Option.none<LakeFolders>(), selection: found }
  }
  const { layout, selection } = fitted.success
  const findings = [
    watermark,
    ok(stateChecks.layout, printLayout(layout, selection)),
    yield* newestObjects(layout, selection, read.success),
    ...(Option.isSome(read.success)
      ? yield* earlierValues(layout, tablesIn(selection), read.success.value)
      : []),
  ]
  return { findings, layout: Option.some(layout), selection }
})

const printLayout = (folders: LakeFolders, selection: TableSelection): string =>
  Option.match(rootOf(folders), {
    onNone: () => layoutOf(folders),
    onSome: (root) => {
      const others = tablesIn(selection).filter(({ dataset }) => dataset !== root).length
      return others === 0
        ? layoutOf(folders)
        : `${layoutOf(folders)}: ${root} is at the root, ${counted(others, "dataset")} in folders of their own`
    },
  })

const printWatermark = Option.match<string, Watermark, string>({
  onNone: () => "none: no `cdc` has begun here",
  onSome: ({ position, writtenAt }) =>
    [Lsn.print(position), ...Option.toArray(writtenAt)].join(", written at "),
})

/** Reads the last row of each newest object, as a writer does at its start. */
const newestObjects = Effect.fnUntraced(function* (
  layout: LakeFolders,
  selection: TableSelection,
  watermark: Option.Option<Watermark>,
) {
  const each = forEachDataset(tablesIn(selection), ({ dataset }) =>
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
