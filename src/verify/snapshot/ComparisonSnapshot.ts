/**
 * The snapshot at which lake and tables are compared, while writers go on.
 *
 *     1. a snapshot S; each table is copied under it to this machine, and S is let go
 *     2. the slot is read up to S and not confirmed: what S sees is in the lake by now, or in this read
 *     3. only then the lake is listed (by whoever uses this)
 *
 * What was confirmed before step 2 is in the lake in step 3, because a writer takes its durable steps in the order lake,
 * watermark, slot. What is committed after S is left out by the snapshot itself, wherever it stands.
 */
import { Clock, Effect, Option, Result, Schedule, Scope } from "effect"
import type { ObjectFence } from "../../cdc/rows/DatasetObjects.ts"
import { incObjects } from "../../cdc/rows/IncObjects.ts"
import { sinceOf } from "../../cdc/tables/FollowedTables.ts"
import { OtherNames, whoseMayBe } from "../../cdc/tables/UnknownRelations.ts"
import * as Lsn from "../../core/Lsn.ts"
import type { TableNow } from "../../core/lake/DatasetState.ts"
import { nextStamp } from "../../core/lake/ObjectKey.ts"
import type { Layout, Watermark } from "../../core/lake/Watermark.ts"
import type { SourceTable } from "../../core/source/SourceTable.ts"
import { limitedRetry, retrying } from "../../retry/RetryPolicy.ts"
import type { ComparisonError, Workbench } from "../../services/lake/LakeComparison.ts"
import { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { RowFormat } from "../../services/lake/RowFormat.ts"
import { ChangeSource, type ChangeVisit, maxLinesMax } from "../../services/source/ChangeSource.ts"

import type { SourceError } from "../../services/source/SourceError.ts"
import type { SourceIdentity } from "../../services/source/SourceTables.ts"
import type { TableFailure } from "../table/TableFailure.ts"
import { checkLakeAndSlot } from "./LakeAndSlot.ts"
import { copyTables, type LiveTable } from "./LiveTables.ts"
import type { Sees } from "./SnapshotView.ts"
import { type WalNames, walNames } from "./WalNames.ts"

export interface ComparisonSnapshot {
  readonly source: SourceIdentity
  /** `xmin:xmax:xip` */
  readonly id: string
  readonly lsn: Lsn.Lsn
  readonly sees: Sees
  readonly tables: ReadonlyArray<LiveTable>
  /** Those that could not be copied. */
  readonly failed: ReadonlyMap<SourceTable, TableFailure>
  readonly watermark: Option.Option<Watermark>
  /** The slot's confirmed LSN, where there is a slot. */
  readonly slotBegin: Option.Option<Lsn.Lsn>
  /** By dataset, what the next batch of `cdc` makes of its table. */
  readonly tablesNow: ReadonlyMap<string, TableNow>
  /** What the slot still holds, as a small lake; or why it could not be asked. */
  readonly pending: Result.Result<ObjectStore["Service"], string>
}

/** More often than others take their turn with the slot, so that ours comes: a writer reads it for moments only. */
const slotInUse = Schedule.spaced("150 millis").pipe(
  Schedule.jittered,
  Schedule.upTo({ duration: "10 minutes" }),
)

/** A lake of our own, in which nobody else writes. */
const aloneInLake = Effect.map(
  RowFormat,
  ({ scratchEnding: ending }): ObjectFence => ({
    ensureLockHeld: Effect.void,
    publish: "looked up",
    nameObject: (newest) =>
      Effect.map(Clock.currentTimeMillis, (now) => ({ stamp: nextStamp(newest, now), ending })),
  }),
)

/**
 * What the slot holds up to the moment, turned into objects by the same code that a writer uses. Returns the datasets that
 * rows after the watermark may belong to and are passed over, as a writer will do.
 */
const readInto = Effect.fnUntraced(function* (
  visit: ChangeVisit,
  store: ObjectStore["Service"],
  upTo: Lsn.Lsn,
  { tables, unsure }: WalNames,
  watermark: Option.Option<Watermark>,
) {
  const others = new OtherNames(unsure)
  const isNew = (commit: Lsn.Lsn) => Option.exists(watermark, ({ position }) => commit > position)
  const objects = yield* incObjects(
    tables.map((table) => ({
      ...table,
      newestKey: Option.none(),
      newest: Option.none(),
      written: Option.none(),
    })),
    "datasets",
    yield* aloneInLake,
    (table, tokens, commit) => isNew(commit) && others.note(table, tokens),
  ).pipe(Effect.provideService(ObjectStore, store))
  const names = tables.flatMap((table) => table.names)
  const { result } = yield* visit.readTransactions(
    { upTo, maxLines: maxLinesMax, tables: names, unknownSince: sinceOf(unsure) },
    objects,
  )
  yield* result.commit
  return yield* whoseMayBe(visit, unsure, others)
}, Effect.scoped)

/** No copy counts before a writer has read up to there. */
const noXid = 2n ** 64n - 1n

/** The watermark as a writer will leave it that reads what the slot holds. */
const withGaps = (watermark: Option.Option<Watermark>, incomplete: ReadonlySet<string>, lsn: Lsn.Lsn) =>
  Option.map(watermark, (known): Watermark => {
    const since = Option.some({ xid: noXid, reason: "unknown relation" as const })
    const gaps = [...incomplete].map((dataset) => [dataset, { lsn, since }] as const)
    return { ...known, from: new Map([...known.from, ...gaps]) }
  })

/** Copies these tables under one snapshot and reads the slot up to it. The files live in the surrounding scope. */
export const takeComparisonSnapshot = Effect.fn("ComparisonSnapshot.takeComparisonSnapshot")(function* <
  E2,
  R2,
>(
  workbench: Workbench,
  layout: Layout,
  tables: ReadonlyArray<{ readonly source: SourceTable; readonly isInLake: boolean }>,
  explain: (error: SourceError | ComparisonError) => Effect.Effect<never, E2, R2>,
) {
  const source = yield* ChangeSource
  const requests = yield* Effect.forEach(tables, (table, i) =>
    Effect.map(workbench.file(`live-${i}.csv`), (file) => ({ ...table, file })),
  )
  const seen = yield* copyTables(requests, explain)
  yield* Effect.logInfo("verify: tables copied").pipe(
    Effect.annotateLogs({
      at: Lsn.print(seen.lsn),
      rows: seen.tables.reduce((sum, { rows }) => sum + Option.getOrElse(rows, () => 0), 0),
    }),
  )
  const scope = yield* Effect.scope
  const readSlot = Effect.fnUntraced(function* (store: ObjectStore["Service"]) {
    const visit = yield* source.visit
    yield* visit.flushedTo(seen.lsn)
    const { watermark, slotBegin, flushed, doubt } = yield* checkLakeAndSlot(visit)
    const sources = seen.tables.map(({ source }) => source)
    const followed = yield* walNames(visit, layout, watermark, sources, flushed)
    const found = { ...seen, watermark, slotBegin, tablesNow: followed.tablesNow }
    const unreadable = Option.filter(doubt, ({ reason }) => reason !== "SlotAhead")
    if (Option.isSome(unreadable)) {
      return { ...found, pending: Result.fail(unreadable.value.message) } satisfies ComparisonSnapshot
    }
    if (Option.isSome(doubt)) yield* Effect.logWarning(doubt.value.message)
    const incomplete =
      followed.tables.length > 0
        ? yield* readInto(visit, store, seen.lsn, followed, watermark)
        : new Set<string>()
    const pending = Result.succeed(store)
    return {
      ...found,
      watermark: withGaps(watermark, incomplete, seen.lsn),
      pending,
    } satisfies ComparisonSnapshot
  }, Effect.scoped)
  const snapshot: ComparisonSnapshot = yield* retrying(
    limitedRetry,
    Effect.flatMap(Scope.provide(workbench.lake, scope), (store) =>
      // A visit whose read was refused is over: each try is one of its own.
      Effect.retry(readSlot(store), {
        schedule: slotInUse,
        while: (error) => error._tag === "SourceError" && error.reason === "SlotInUse",
      }),
    ),
  )
  return snapshot
})
