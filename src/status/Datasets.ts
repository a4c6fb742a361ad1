/** Reads what `status` reports about each dataset: its newest object, whether it is complete, and changes of its table. */

import { Effect, Option, Result } from "effect"
import { planEach, type TableDecision, tableNow } from "../cdc/tables/PlannedTable.ts"
import { startFacts } from "../cdc/tables/StartTables.ts"
import { incompleteNotice, noticeOf, printNotice } from "../cdc/tables/TableNotice.ts"
import * as Lsn from "../core/Lsn.ts"
import { type DatasetCompleteness, datasetState, newestCopy } from "../core/lake/DatasetState.ts"
import type { Manifest } from "../core/lake/Manifest.ts"
import type { LakeFolders, Watermark } from "../core/lake/Watermark.ts"
import type { SourceTable } from "../core/source/SourceTable.ts"
import { needsManifest } from "../lake/DatasetCompleteness.ts"
import { forEachDataset } from "../lake/ForEachDataset.ts"
import { newestManifest } from "../lake/NewestManifest.ts"
import { newestObject } from "../lake/NewestObject.ts"
import { SlotInspection } from "../services/source/SlotInspection.ts"
import { knownIn } from "../tables/KnownTables.ts"
import type { CopySize, DatasetStatus } from "./DatasetStatus.ts"

interface DatasetsAsked {
  /** As SOURCE_TABLES names them. */
  readonly tables: ReadonlyArray<SourceTable>
  readonly layout: LakeFolders
  readonly watermark: Option.Option<Watermark>
  /** The slot's confirmed LSN. */
  readonly slotBegin: Option.Option<Lsn.Lsn>
  readonly flushed: Lsn.Lsn
  /** True if the catalog is queried for changes of the tables. */
  readonly isPlanned: boolean
}

/** The status of a dataset if the lake's layout is not known. */
export const unknownDataset = (source: SourceTable): DatasetStatus => ({
  ...source,
  newest: Option.none(),
  copy: Option.none(),
  completeness: Option.none(),
  advice: Option.none(),
})

/** Returns the next action for a person; none if there is none. */
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

const copySize = ({ objects, rows }: Manifest): CopySize => ({
  objects: objects.length,
  rows,
  bytes: objects.reduce((sum, object) => sum + object.bytes, 0),
})

/** Reads the status of one dataset. Its newest object is that of `inc`, or of `full` if that is newer. */
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
  const newest = Option.map(isFull ? full : inc, ({ object }) => object)
  const facts = {
    watermark,
    slotBegin,
    dataset,
    isConfigured,
    isInLake: Option.isSome(newest),
    table: tableNow(decision),
  }
  // The manifest is small and read once: for the number of rows and for the state. Objects of `inc` have no count.
  const copy = isFull || needsManifest(facts) ? yield* newestManifest(layout, dataset) : Option.none()
  const isOfNewest = ({ objects }: Manifest) =>
    Option.exists(newest, ({ key }) => objects.some(({ object }) => object === key))
  const size = Option.map(Option.filter(copy, isOfNewest), copySize)
  const completeness = datasetState({ ...facts, copy: Option.map(copy, newestCopy) })
  const advice = adviceFor(dataset, decision, completeness)
  return { dataset, table, newest, copy: size, completeness, advice } satisfies DatasetStatus
})

/** Returns the datasets that SOURCE_TABLES no longer names: their objects stay. */
const leftDatasets = ({ tables, watermark }: DatasetsAsked): ReadonlyArray<SourceTable> =>
  Option.match(watermark, {
    onNone: () => [],
    onSome: (lines) => {
      const configured = new Set(tables.map(({ dataset }) => dataset))
      return [...lines.tables.keys()]
        .filter((dataset) => !configured.has(dataset))
        .flatMap((dataset) =>
          Option.toArray(
            Option.map(knownIn(lines, dataset), ({ table }): SourceTable => ({ dataset, table })),
          ),
        )
    },
  })

/** Returns the configured datasets, then those that have left; and why `cdc` would refuse some of the tables. */
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
  const decided = new Map(decisions.map((decision) => [decision.source.dataset, decision]))
  const configured = yield* forEachDataset(tables, (table) =>
    datasetStatus(asked, table, true, decided.get(table.dataset)),
  )
  const left = yield* forEachDataset(leftDatasets(asked), (table) =>
    datasetStatus(asked, table, false, undefined),
  )
  return {
    datasets: [...configured, ...left],
    refusals: decisions.flatMap(({ planned }) => (Result.isFailure(planned) ? [planned.failure] : [])),
  }
})
