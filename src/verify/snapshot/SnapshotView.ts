/**
 * Decides whether a snapshot sees a transaction, from the `_lsn` (of its COMMIT) and `_xid` (32 bits) of a row of `inc`. The
 * LSN alone is not enough: a transaction can have its COMMIT in the WAL and not be visible yet.
 *
 * Source: PostgreSQL manual, `pg_current_snapshot()`. `xip` lists the top-level ids of all transactions in progress. The slot
 * prints the top-level id too, also for changes in a subtransaction.
 */
import { Option } from "effect"
import * as Lsn from "../../core/Lsn.ts"

/** True if the snapshot sees the transaction. `lsn` is the COMMIT's, as `Lsn.printSortable` prints it. */
export type Sees = (lsn: string, xid: number) => boolean

const period = 2 ** 32

/**
 * Ids are assigned in order. So a transaction that began after the snapshot and committed before `lsn` has an id shortly
 * after `xmax`: both are read in one statement. The bound separates these from ids of an earlier period of 32 bits, which
 * belong to changes that are thousands of millions of transactions old.
 */
const soonAfter = 2 ** 20

/**
 * `snapshot` is `xmin:xmax:xip`. `lsn` was read with it: every transaction that it sees was committed at or before `lsn`.
 * Returns none if the text is not a snapshot.
 */
export const snapshotView = (snapshot: string, lsn: Lsn.Lsn): Option.Option<Sees> => {
  const parts = /^(\d+):(\d+):((?:\d+(?:,\d+)*)?)$/.exec(snapshot)
  if (parts?.[2] === undefined || parts[3] === undefined) return Option.none()
  const low = (xid: string) => Number(BigInt(xid) % BigInt(period))
  const xmax = low(parts[2])
  const inProgress = new Set(parts[3] === "" ? [] : parts[3].split(",").map(low))
  const last = Lsn.printSortable(lsn)
  return Option.some(
    (commit, xid) => commit <= last && !inProgress.has(xid) && (xid - xmax + period) % period >= soonAfter,
  )
}
