/** Whether `full` and `inc` of a dataset make a whole. Decided from the watermark and the newest manifest alone. */
import { Option } from "effect"
import type { Lsn } from "../Lsn.ts"
import type { FromReason, Watermark } from "./Watermark.ts"

export type DatasetState = "followed" | "waiting for full" | "needs full" | "left"

export interface DatasetCompleteness {
  readonly state: DatasetState
  /** All commits after it are in `inc`; of a dataset that was left, up to where they are. */
  readonly from: Option.Option<Lsn>
  readonly reason: Option.Option<FromReason>
}

export interface DatasetFacts {
  readonly watermark: Watermark
  readonly dataset: string
  /** SOURCE_TABLES names it. */
  readonly isConfigured: boolean
  /** The lake holds an object of `inc` or a manifest of it. */
  readonly isInLake: boolean
  /** Of the newest manifest: the oldest transaction that its snapshot does not see to its end. */
  readonly xmin: Option.Option<bigint>
}

/** The `xmin` of `xmin:xmax:xip`. */
export const snapshotXmin = (snapshot: string): Option.Option<bigint> =>
  Option.map(Option.fromNullishOr(/^(\d{1,20}):\d+:/.exec(snapshot)?.[1]), BigInt)

const none = { from: Option.none(), reason: Option.none() }

/**
 * A manifest counts where its snapshot saw every transaction below the XID of `from.`. LSNs do not decide it: a commit that
 * waits for a synchronous standby is in the WAL and decoded, and no snapshot sees it yet.
 */
export const datasetState = ({
  watermark,
  dataset,
  isConfigured,
  isInLake,
  xmin,
}: DatasetFacts): DatasetCompleteness => {
  const left = Option.fromUndefinedOr(watermark.left.get(dataset))
  if (!isConfigured) return { ...none, state: "left", from: left }
  const isKnown = watermark.tables.has(dataset) || watermark.from.has(dataset)
  // An older version names no tables, and followed all that were configured.
  const isOlder = watermark.tables.size === 0 && (isInLake || watermark.objects.has(dataset))
  if (Option.isSome(left) || !(isKnown || isOlder)) {
    return { ...none, state: "waiting for full", reason: Option.some(Option.isSome(left) ? "again" : "new") }
  }
  const from = Option.fromUndefinedOr(watermark.from.get(dataset))
  const lsn = Option.map(from, (begun) => begun.lsn)
  const since = Option.flatMap(from, (begun) => begun.since)
  if (Option.isNone(since) || Option.exists(xmin, (oldest) => oldest >= since.value.xid)) {
    return { ...none, state: "followed", from: lsn }
  }
  const { reason } = since.value
  const state = reason === "new" || reason === "again" ? "waiting for full" : "needs full"
  return { state, from: lsn, reason: Option.some(reason) }
}
