/** What `status` reports of each dataset: its newest object, whether it is complete, and what became of its table. */
import { Effect, Option, Result, Stream } from "effect"
import { planEach, type TableDecision, tableNow } from "../cdc/tables/PlannedTable.ts"
import { startFacts } from "../cdc/tables/StartTables.ts"
import { incompleteNotice, noticeOf, printNotice } from "../cdc/tables/TableNotice.ts"
import { knownIn } from "../cdc/tables/TablePlan.ts"
import * as Lsn from "../core/Lsn.ts"
import { type DatasetCompleteness, unchangedTable } from "../core/lake/DatasetState.ts"
import * as Manifest from "../core/lake/Manifest.ts"
import { manifestKey } from "../core/lake/ObjectKey.ts"
import type { Layout, Watermark } from "../core/lake/Watermark.ts"
import type { SourceTable } from "../core/source/SourceTable.ts"
import { datasetCompleteness } from "../lake/DatasetCompleteness.ts"
import { newestObject } from "../lake/NewestObject.ts"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import { SlotInspection } from "../services/source/SlotInspection.ts"
import type { DatasetStatus } from "./StatusReport.ts"

interface DatasetsAsked {
  /** As SOURCE_TABLES names them. */
  readonly tables: ReadonlyArray<SourceTable>
  readonly layout: Layout
  readonly watermark: Option.Option<Watermark>
  /** The slot's confirmed LSN. */
  readonly slotBegin: Option.Option<Lsn.Lsn>
  readonly flushed: Lsn.Lsn
  /** Whether the catalog is asked what became of the tables. */
  readonly isPlanned: boolean
}

/** A dataset whose place in the lake is not known. */
export const unknownDataset = (source: SourceTable): DatasetStatus => ({
  ...source,
  newest: Option.none(),
  rows: Option.none(),
  completeness: Option.none(),
  advice: Option.none(),
})

/** The manifest is small and tells the rows; the rows of an object of `inc` nobody has counted. */
const rowsOfFull = Effect.fnUntraced(function* (key: string) {
  const { read } = yield* ObjectStore
  const bytes = yield* Stream.runCollect(read(manifestKey(key))).pipe(
    Effect.map((pieces) => Buffer.concat(pieces).toString("utf8")),
    Effect.catchIf(
      (error) => error.reason === "NotFound",
      () => Effect.succeed(""),
    ),
  )
  return Result.match(Manifest.parse(bytes), {
    onFailure: () => Option.none<number>(),
    onSuccess: ({ rows }) => Option.some(rows),
  })
})

/** What a person does next; none where nothing is to be done. */
const adviceFor = (
  dataset: string,
  decision: TableDecision | undefined,
  completeness: Option.Option<DatasetCompleteness>,
): Option.Option<string> => {
  if (decision !== undefined) {
    const { planned } = decision
    if (Result.isFailure(planned)) return Option.some(planned.failure.message)
    const notice = noticeOf(planned.success, "next")
    if (notice !== undefined) return Option.some(`${printNotice(notice)}.`)
  }
  const incomplete = Option.flatMapNullishOr(completeness, (known) => incompleteNotice(dataset, known))
  return Option.map(incomplete, ({ advice }) => `${advice}.`)
}

/** The newest object of `inc`, or of `full` where that is newer. */
const datasetStatus = Effect.fnUntraced(function* (
  { layout, watermark, slotBegin }: DatasetsAsked,
  { dataset, table }: SourceTable,
  isConfigured: boolean,
  decision: TableDecision | undefined,
) {
  const recorded = Option.flatMap(watermark, ({ objects }) => Option.fromNullishOr(objects.get(dataset)))
  const inc = yield* newestObject("inc", layout, dataset, recorded)
  const full = yield* newestObject("full", layout, dataset, Option.none())
  const isFull =
    Option.isSome(full) && !Option.exists(inc, ({ stamp }) => stamp.second >= full.value.stamp.second)
  const rows = isFull ? yield* rowsOfFull(full.value.object.key) : Option.none<number>()
  const newest = Option.map(isFull ? full : inc, ({ object }) => object)
  const planned = decision === undefined ? Option.none() : Result.getSuccess(decision.planned)
  const completeness = yield* datasetCompleteness(layout, {
    watermark,
    slotBegin,
    dataset,
    isConfigured,
    isInLake: Option.isSome(newest),
    table: Option.match(planned, { onNone: () => unchangedTable, onSome: tableNow }),
  })
  const advice = adviceFor(dataset, decision, completeness)
  return { dataset, table, newest, rows, completeness, advice } satisfies DatasetStatus
})

/** Datasets that SOURCE_TABLES names no more: their objects stay. */
const leftDatasets = ({ tables, watermark }: DatasetsAsked): ReadonlyArray<SourceTable> =>
  Option.match(watermark, {
    onNone: () => [],
    onSome: (lines) =>
      [...lines.tables.keys()]
        .filter((dataset) => !tables.some((one) => one.dataset === dataset))
        .flatMap((dataset) =>
          Option.toArray(
            Option.map(knownIn(lines, dataset), ({ table }): SourceTable => ({ dataset, table })),
          ),
        ),
  })

/** The configured datasets, then those that were left; and why `cdc` would not start with some of the tables. */
export const datasetStatuses = Effect.fn("Datasets.datasetStatuses")(function* (asked: DatasetsAsked) {
  const { tables, layout, watermark, slotBegin, flushed, isPlanned } = asked
  const source = yield* SlotInspection
  const position = Option.map(watermark, (known) => known.position)
  const begin = Option.getOrElse(
    Option.orElse(position, () => slotBegin),
    () => Lsn.zero,
  )
  const decisions = isPlanned
    ? planEach(yield* startFacts(source, tables, layout, watermark, begin, flushed))
    : []
  const configured = yield* Effect.forEach(tables, (table) =>
    datasetStatus(
      asked,
      table,
      true,
      decisions.find(({ source: { dataset } }) => dataset === table.dataset),
    ),
  )
  const left = yield* Effect.forEach(leftDatasets(asked), (table) =>
    datasetStatus(asked, table, false, undefined),
  )
  return {
    datasets: [...configured, ...left],
    refusals: decisions.flatMap(({ planned }) => (Result.isFailure(planned) ? [planned.failure] : [])),
  }
})
