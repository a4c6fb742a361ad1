/**
 * The snapshot at which lake and tables are compared, while writers go on.
 *
 *     1. take a snapshot S, copy each table under it to this machine, and release S
 *     2. read the slot up to S without confirming: every change that S sees is in the lake by now, or in this read
 *     3. only then list the lake (the caller does)
 *
 * Changes that were confirmed before step 2 are in the lake in step 3, because a writer takes its durable steps in the order
 * lake, watermark, slot. Commits after S are not visible to it, and are skipped wherever they are read.
 */
import { Clock, Effect, Option, Result, Schedule, Scope } from "effect"
import type { ObjectFence } from "../../cdc/rows/DatasetObjects.ts"
import { incObjects } from "../../cdc/rows/IncObjects.ts"
import { noSchema } from "../../cdc/rows/SchemaHistory.ts"
import { sinceOf } from "../../cdc/unknown/UncertainTables.ts"
import { OtherNames, whoseMayBe } from "../../cdc/unknown/UnknownRelations.ts"
import { datasetProjection } from "../../columns/DatasetProjection.ts"
import * as Lsn from "../../core/Lsn.ts"
import type { TableNow } from "../../core/lake/DatasetState.ts"
import { nextStamp } from "../../core/lake/ObjectKey.ts"
import type { LakeFolders, Watermark } from "../../core/lake/Watermark.ts"
import type { SourceTable } from "../../core/source/SourceTable.ts"
import { limitedRetry, retrying } from "../../retry/RetryPolicy.ts"
import type { ComparisonError } from "../../services/lake/ComparisonError.ts"
import type { Workbench } from "../../services/lake/LakeComparison.ts"
import { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { RowFormat } from "../../services/lake/RowFormat.ts"
import { ChangeSource, type ChangeVisit, maxLinesMax } from "../../services/source/ChangeSource.ts"
import type { SourceError } from "../../services/source/SourceError.ts"
import type { SourceIdentity } from "../../services/source/SourceTables.ts"
import { Settings } from "../../settings/Settings.ts"
import type { TableFailure } from "../table/TableFailure.ts"
import { checkLakeAndSlot } from "./LakeAndSlot.ts"
import { type CopyRequest, copyTables, type LiveTable } from "./LiveTables.ts"
import type { Sees } from "./SnapshotView.ts"
import { type WalNames, walNames } from "./WalNames.ts"

export interface ComparisonSnapshot {
  readonly source: SourceIdentity
  /** `xmin:xmax:xip` */
  readonly id: string
  readonly lsn: Lsn.Lsn
  readonly sees: Sees
  readonly tables: ReadonlyArray<LiveTable>
  /** The tables that could not be copied, with the reason. */
  readonly failed: ReadonlyMap<SourceTable, TableFailure>
  readonly watermark: Option.Option<Watermark>
  /** The slot's confirmed LSN, if there is a slot. */
  readonly slotBegin: Option.Option<Lsn.Lsn>
  /** By dataset, what the next batch of `cdc` decides about its table. */
  readonly tablesNow: ReadonlyMap<string, TableNow>
  /** The pending changes of the slot, as a small lake; or why the slot could not be read. */
  readonly pending: Result.Result<ObjectStore["Service"], string>
}

/** Shorter than a writer's POLL_INTERVAL: a writer holds the slot only while it reads. */
const slotInUse = Schedule.spaced("150 millis").pipe(
  Schedule.jittered,
  Schedule.upTo({ duration: "10 minutes" }),
)

/** The small lake has no other writer. */
const aloneInLake = Effect.map(
  RowFormat,
  ({ scratchEnding: ending }): ObjectFence => ({
    ensureLockHeld: Effect.void,
    publish: "looked up",
    keepsSchemas: false,
    nameObject: (newest) =>
      Effect.map(Clock.currentTimeMillis, (now) => ({ stamp: nextStamp(newest, now), ending })),
  }),
)

/**
 * Writes the slot's changes up to `upTo` as objects, with the code of a writer. Returns the datasets to which skipped rows
 * after the watermark may belong. A writer will skip the same rows.
 */
const readInto = Effect.fnUntraced(function* (
  visit: ChangeVisit,
  store: ObjectStore["Service"],
  upTo: Lsn.Lsn,
  { tables, unsure }: WalNames,
  copied: ReadonlyArray<LiveTable>,
  watermark: Option.Option<Watermark>,
) {
  const { columns: rules, tables: entries } = yield* Settings
  const others = new OtherNames(unsure)
  const isNew = (commit: Lsn.Lsn) => Option.exists(watermark, ({ position }) => commit > position)
  const objects = yield* incObjects(
    tables.map((table) => {
      const copy = copied.find(({ source }) => source === table.source)
      return {
        ...table,
        projection: datasetProjection(rules, entries, table.source.dataset, table.names)
          ?.keepingOut(copy?.projected.projection?.renamed)
          .knowing(copy?.known),
        newestKey: Option.none(),
        newest: Option.none(),
        written: Option.none(),
        schema: noSchema,
        definition: undefined,
      }
    }),
    "datasets",
    yield* aloneInLake,
    (table, tokens, commit) => isNew(commit) && others.note(table, tokens),
  ).pipe(Effect.provideService(ObjectStore, store))
  const names = tables.flatMap(({ names, leaves = [] }) => [...names, ...leaves])
  const { result } = yield* visit.readTransactions(
    { upTo, maxLines: maxLinesMax, tables: names, unknownSince: sinceOf(unsure) },
    objects,
  )
  yield* result.commit
  return yield* whoseMayBe(visit, unsure, others, () => false)
}, Effect.scoped)

/** Greater than every transaction id: no copy closes the gap before a writer has read up to it. */
const noXid = 2n ** 64n - 1n

/** The watermark that a writer will leave behind when it has read the slot's changes. */
const withGaps = (watermark: Option.Option<Watermark>, incomplete: ReadonlySet<string>, lsn: Lsn.Lsn) =>
  Option.map(watermark, (known): Watermark => {
    const since = Option.some({ xid: noXid, reason: "unknown relation" as const })
    const gaps = [...incomplete].map((dataset) => [dataset, { lsn, since }] as const)
    return { ...known, from: new Map([...known.from, ...gaps]) }
  })

/** Copies these tables under one snapshot and reads the slot up to it. The rows exist until the surrounding scope ends. */
export const takeComparisonSnapshot = Effect.fn("ComparisonSnapshot.takeComparisonSnapshot")(function* <
  E2,
  R2,
>(
  workbench: Workbench,
  layout: LakeFolders,
  tables: ReadonlyArray<Omit<CopyRequest, "stored">>,
  explain: (error: SourceError | ComparisonError) => Effect.Effect<never, E2, R2>,
) {
  const source = yield* ChangeSource
  const requests = yield* Effect.forEach(tables, (table, i) =>
    Effect.map(workbench.rows(`live-${i}`), (stored) => ({ ...table, stored })),
  )
  const copied = yield* copyTables(requests, explain)
  yield* Effect.logInfo("verify: tables copied").pipe(
    Effect.annotateLogs({
      at: Lsn.print(copied.lsn),
      rows: copied.tables.reduce((sum, { rows }) => sum + Option.getOrElse(rows, () => 0), 0),
    }),
  )
  const scope = yield* Effect.scope
  const readSlot = Effect.fnUntraced(function* (store: ObjectStore["Service"]) {
    const visit = yield* source.visit
    yield* visit.flushedTo(copied.lsn)
    const { watermark, slotBegin, flushed, doubt } = yield* checkLakeAndSlot(visit)
    const sources = copied.tables.map(({ source }) => source)
    const followed = yield* walNames(visit, layout, watermark, sources, flushed)
    const found = { ...copied, watermark, slotBegin, tablesNow: followed.tablesNow }
    const unreadable = Option.filter(doubt, ({ reason }) => reason !== "SlotAhead")
    if (Option.isSome(unreadable)) {
      return { ...found, pending: Result.fail(unreadable.value.message) } satisfies ComparisonSnapshot
    }
    if (Option.isSome(doubt)) yield* Effect.logWarning(doubt.value.message)
    const incomplete =
      followed.tables.length > 0
        ? yield* readInto(visit, store, copied.lsn, followed, copied.tables, watermark)
        : new Set<string>()
    const pending = Result.succeed(store)
    return {
      ...found,
      watermark: withGaps(watermark, incomplete, copied.lsn),
      pending,
    } satisfies ComparisonSnapshot
  }, Effect.scoped)
  const snapshot: ComparisonSnapshot = yield* retrying(
    limitedRetry,
    Effect.flatMap(Scope.provide(workbench.lake, scope), (store) =>
      // A refused read ends its visit, so that each attempt begins a new one.
      Effect.retry(readSlot(store), {
        schedule: slotInUse,
        while: (error) => error._tag === "SourceError" && error.reason === "SlotInUse",
      }),
    ),
  )
  return snapshot
})
