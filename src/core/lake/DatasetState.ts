/** Decides whether `full` and `inc` of a dataset join without a gap, from the watermark, the newest manifest and the catalog. */
import { Option } from "effect"
import { type Lsn, parse as parseLsn } from "../Lsn.ts"
import type { Manifest } from "./Manifest.ts"
import type { FromReason, Watermark } from "./Watermark.ts"

export type DatasetState = "followed" | "waiting for full" | "needs full" | "left" | "dropped"

/** `full before slot`: the newest copy is older than the slot, so that commits between the two are in neither. */
export type IncompleteReason = FromReason | "full before slot"

export interface DatasetCompleteness {
  readonly state: DatasetState
  /** All commits after it are in `inc`. For a dataset that has left: all commits up to it are. */
  readonly from: Option.Option<Lsn>
  readonly reason: Option.Option<IncompleteReason>
}

/** The facts of the newest manifest. */
export interface NewestCopy {
  /** The oldest transaction that was in progress at its snapshot. */
  readonly xmin: Option.Option<bigint>
  /** Every transaction that its snapshot sees was committed at or before it. */
  readonly lsn: Option.Option<Lsn>
  /** None if it holds all columns as they are. */
  readonly mask: Option.Option<string>
}

/** What the next batch of `cdc` decides about a table, if the catalog stays as it is. */
export interface TableNow {
  readonly isDropped: boolean
  /** Why the dataset begins anew with that batch. */
  readonly anew: Option.Option<FromReason>
}

/** The table is as the watermark says, or the catalog was not read. */
export const unchangedTable: TableNow = { isDropped: false, anew: Option.none() }

export interface DatasetFacts {
  /** None if no `cdc` has begun. */
  readonly watermark: Option.Option<Watermark>
  /** The slot's confirmed LSN: without a watermark, `inc` begins there. None if there is no slot. */
  readonly slotBegin: Option.Option<Lsn>
  readonly dataset: string
  /** True if SOURCE_TABLES names it. */
  readonly isConfigured: boolean
  /** True if the lake holds an object of `inc` or a manifest of it. */
  readonly isInLake: boolean
  readonly copy: Option.Option<NewestCopy>
  readonly table: TableNow
}

/** The `xmin` of `xmin:xmax:xip`. */
export const snapshotXmin = (snapshot: string): Option.Option<bigint> =>
  Option.map(Option.fromNullishOr(/^(\d{1,20}):\d+:/.exec(snapshot)?.[1]), BigInt)

export const newestCopy = ({
  snapshot,
  lsn,
  mask,
}: Pick<Manifest, "snapshot" | "lsn" | "mask">): NewestCopy => ({
  xmin: snapshotXmin(snapshot),
  lsn: parseLsn(lsn),
  mask: Option.fromUndefinedOr(mask),
})

const none = { from: Option.none(), reason: Option.none() }

const stateFor = (reason: IncompleteReason): DatasetState =>
  reason === "new" || reason === "again" ? "waiting for full" : "needs full"

const incomplete = (reason: IncompleteReason, from: Option.Option<Lsn>): DatasetCompleteness => ({
  state: stateFor(reason),
  from,
  reason: Option.some(reason),
})

/**
 * True if the newest copy is older than the beginning of `inc`. Only LSNs are compared: whether anything was committed between
 * the two is unknown.
 */
const isBefore = (copy: Option.Option<NewestCopy>, begin: Option.Option<Lsn>): boolean =>
  Option.exists(begin, (lsn) =>
    Option.exists(
      Option.flatMap(copy, (newest) => newest.lsn),
      (copied) => copied < lsn,
    ),
  )

/**
 * Returns none if no `cdc` has begun and the newest copy, if any, is not older than the slot. A manifest closes a gap if its
 * snapshot saw every transaction below the XID of `from.`. LSNs cannot decide this: a commit that waits for a synchronous
 * standby is in the WAL and decoded, but not visible to snapshots yet.
 */
export const datasetState = (facts: DatasetFacts): Option.Option<DatasetCompleteness> => {
  const { slotBegin, copy } = facts
  return Option.match(facts.watermark, {
    onSome: (watermark) => Option.some(stateIn(watermark, facts)),
    onNone: () =>
      facts.isConfigured && isBefore(copy, slotBegin)
        ? Option.some(incomplete("full before slot", slotBegin))
        : Option.none(),
  })
}

const stateIn = (
  watermark: Watermark,
  { dataset, isConfigured, isInLake, copy, table }: DatasetFacts,
): DatasetCompleteness => {
  const left = Option.fromUndefinedOr(watermark.left.get(dataset))
  if (!isConfigured) return { ...none, state: "left", from: left }
  const from = Option.fromUndefinedOr(watermark.from.get(dataset))
  const lsn = Option.map(from, (begun) => begun.lsn)
  if (table.isDropped) return { ...none, state: "dropped", from: lsn }
  if (Option.isSome(table.anew)) return incomplete(table.anew.value, Option.none())
  const isKnown = watermark.tables.has(dataset) || watermark.from.has(dataset)
  // An older version recorded no tables, and followed all that were configured.
  const isOlder = watermark.tables.size === 0 && (isInLake || watermark.objects.has(dataset))
  if (Option.isSome(left) || !(isKnown || isOlder)) {
    return incomplete(Option.isSome(left) ? "again" : "new", Option.none())
  }
  const since = Option.flatMap(from, (begun) => begun.since)
  const mask = watermark.masks.get(dataset)
  // Its values are not those of `inc`: keys that are hashed in one of them match nothing in the other.
  const isOtherMask = Option.exists(copy, (newest) => Option.getOrUndefined(newest.mask) !== mask)
  if (Option.isNone(since)) {
    if (isOtherMask) return incomplete("masked", lsn)
    return isBefore(copy, lsn)
      ? incomplete("full before slot", lsn)
      : { ...none, state: "followed", from: lsn }
  }
  const xmin = Option.flatMap(copy, (newest) => newest.xmin)
  const isNewEnough = Option.exists(xmin, (oldest) => oldest >= since.value.xid)
  if (isNewEnough && isOtherMask) return incomplete("masked", lsn)
  return isNewEnough ? { ...none, state: "followed", from: lsn } : incomplete(since.value.reason, lsn)
}
