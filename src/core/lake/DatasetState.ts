/** Whether `full` and `inc` of a dataset make a whole. Decided from the watermark, the newest manifest and the catalog alone. */
import { Option } from "effect"
import { type Lsn, parse as parseLsn } from "../Lsn.ts"
import type { Manifest } from "./Manifest.ts"
import type { FromReason, Watermark } from "./Watermark.ts"

export type DatasetState = "followed" | "waiting for full" | "needs full" | "left" | "dropped"

/** The last one: the newest copy is older than the slot, so that what was committed between the two is in neither. */
export type IncompleteReason = FromReason | "full before slot"

export interface DatasetCompleteness {
  readonly state: DatasetState
  /** All commits after it are in `inc`; of a dataset that was left, up to where they are. */
  readonly from: Option.Option<Lsn>
  readonly reason: Option.Option<IncompleteReason>
}

/** Of the newest manifest. */
export interface NewestCopy {
  /** The oldest transaction that its snapshot does not see to its end. */
  readonly xmin: Option.Option<bigint>
  /** What its snapshot sees was committed at or before it. */
  readonly lsn: Option.Option<Lsn>
}

/** What the next batch of `cdc` makes of a table, as the catalog is now. */
export interface TableNow {
  readonly isDropped: boolean
  /** Why the dataset begins anew there. */
  readonly anew: Option.Option<FromReason>
}

/** The table is what the watermark says, or was not asked about. */
export const unchangedTable: TableNow = { isDropped: false, anew: Option.none() }

export interface DatasetFacts {
  /** None where no `cdc` has begun. */
  readonly watermark: Option.Option<Watermark>
  /** The slot's confirmed LSN: there `inc` begins where there is no watermark. None where there is no slot. */
  readonly slotBegin: Option.Option<Lsn>
  readonly dataset: string
  /** SOURCE_TABLES names it. */
  readonly isConfigured: boolean
  /** The lake holds an object of `inc` or a manifest of it. */
  readonly isInLake: boolean
  readonly copy: Option.Option<NewestCopy>
  readonly table: TableNow
}

/** The `xmin` of `xmin:xmax:xip`. */
export const snapshotXmin = (snapshot: string): Option.Option<bigint> =>
  Option.map(Option.fromNullishOr(/^(\d{1,20}):\d+:/.exec(snapshot)?.[1]), BigInt)

export const newestCopy = ({ snapshot, lsn }: Pick<Manifest, "snapshot" | "lsn">): NewestCopy => ({
  xmin: snapshotXmin(snapshot),
  lsn: parseLsn(lsn),
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
 * Whether the newest copy was made before `inc` begins. LSNs alone say so: whether anything was committed between the two is
 * known to nobody.
 */
const isBefore = (copy: Option.Option<NewestCopy>, begin: Option.Option<Lsn>): boolean =>
  Option.exists(begin, (lsn) =>
    Option.exists(
      Option.flatMap(copy, (newest) => newest.lsn),
      (copied) => copied < lsn,
    ),
  )

/**
 * None where no `cdc` has begun and the newest copy, if there is one, is not older than the slot. A manifest counts where its
 * snapshot saw every transaction below the XID of `from.`. LSNs do not decide that: a commit that waits for a synchronous
 * standby is in the WAL and decoded, and no snapshot sees it yet.
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
  // An older version names no tables, and followed all that were configured.
  const isOlder = watermark.tables.size === 0 && (isInLake || watermark.objects.has(dataset))
  if (Option.isSome(left) || !(isKnown || isOlder)) {
    return incomplete(Option.isSome(left) ? "again" : "new", Option.none())
  }
  const since = Option.flatMap(from, (begun) => begun.since)
  if (Option.isNone(since)) {
    return isBefore(copy, lsn)
      ? incomplete("full before slot", lsn)
      : { ...none, state: "followed", from: lsn }
  }
  const xmin = Option.flatMap(copy, (newest) => newest.xmin)
  return Option.exists(xmin, (oldest) => oldest >= since.value.xid)
    ? { ...none, state: "followed", from: lsn }
    : incomplete(since.value.reason, lsn)
}
