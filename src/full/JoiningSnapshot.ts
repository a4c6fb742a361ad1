/**
 * Waits until a copy of single tables joins `inc` without a gap. `from.` in the watermark names the transaction id that its
 * snapshot's xmin must reach: a copy made earlier would have to be made again.
 */
import { Clock, Duration, Effect, Option } from "effect"
import * as Lsn from "../core/Lsn.ts"
import type { Watermark } from "../core/lake/Watermark.ts"
import { printTable, type SourceTable } from "../core/source/SourceTable.ts"
import { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import { ChangeSource, type ChangeVisit } from "../services/source/ChangeSource.ts"
import { ReplicationSlot } from "../services/source/ReplicationSlot.ts"
import { SourceError } from "../services/source/SourceError.ts"

const longestWait = Duration.seconds(60)
const pause = Duration.millis(500)

/** True once `cdc` has written where the dataset begins. An older version wrote it of no dataset. */
const hasBegun = ({ tables, left }: Watermark, { dataset }: SourceTable): boolean =>
  tables.size === 0 || (tables.has(dataset) && !left.has(dataset))

/**
 * Returns the error that the running `cdc` has not begun with one of the tables. None without a `cdc`: one that starts later
 * begins with the table anew.
 */
const notBegun = Effect.fnUntraced(function* (watermark: Watermark, tables: ReadonlyArray<SourceTable>) {
  const early = tables.find((table) => !hasBegun(watermark, table))
  if (early === undefined) return Option.none<SourceError>()
  const { lockHolder } = yield* ReplicationSlot
  return Option.map(
    yield* lockHolder,
    ({ pid }) =>
      new SourceError({
        reason: "NotBegun",
        subject: `table ${printTable(early.table)}`,
        detail: `the running cdc (session ${pid}) does not follow it after ${Duration.format(longestWait)}, and its changes would not join a copy that is made before`,
      }),
  )
})

/** Returns the error that a transaction is still open which was open when `inc` of one of the tables began. */
const oldTransaction = Effect.fnUntraced(function* (
  visit: Pick<ChangeVisit, "oldestTransaction">,
  watermark: Watermark,
  tables: ReadonlyArray<SourceTable>,
) {
  const { xid, holder } = yield* visit.oldestTransaction
  for (const { dataset, table } of tables) {
    const from = watermark.from.get(dataset)
    if (from === undefined || !Option.exists(from.since, (since) => since.xid > xid)) continue
    return Option.some(
      new SourceError({
        reason: "OldTransaction",
        subject: `table ${printTable(table)}`,
        detail: `a transaction that was open when its inc began at ${Lsn.print(from.lsn)} is still open after ${Duration.format(longestWait)}, and a copy would miss its rows: ${Option.getOrElse(holder, () => "its session cannot be seen")}`,
      }),
    )
  }
  return Option.none<SourceError>()
})

/** Waits for `cdc` and for open transactions, up to a minute. Fails with `NotBegun` or `OldTransaction` (exit 1). */
export const waitToJoin = Effect.fn("JoiningSnapshot.waitToJoin")(function* (
  tables: ReadonlyArray<SourceTable>,
) {
  const { read } = yield* WatermarkStore
  const visit = yield* Effect.flatMap(ChangeSource, ({ visit }) => visit)
  const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(longestWait)
  for (let isFirst = true; ; isFirst = false) {
    const watermark = yield* read
    if (Option.isNone(watermark)) return
    const early = yield* notBegun(watermark.value, tables)
    const found = Option.isSome(early) ? early : yield* oldTransaction(visit, watermark.value, tables)
    if (Option.isNone(found)) return
    if ((yield* Clock.currentTimeMillis) >= end) return yield* found.value
    if (isFirst)
      yield* Effect.logInfo(`full: waiting until a copy joins inc, for up to ${Duration.format(longestWait)}`)
    yield* Effect.sleep(pause)
  }
}, Effect.scoped)
