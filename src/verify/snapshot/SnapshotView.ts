/**
 * Which transactions a snapshot sees, told by what a row of `inc` says of its transaction: the position of its COMMIT and
 * the lower 32 bits of its id. Position alone does not tell: a transaction can have its COMMIT in the WAL and not be visible yet.
 *
 * Source: PostgreSQL manual, `pg_current_snapshot()`. `xip` lists every transaction that was in progress, by its top
 * id; the slot prints the top id too, whatever subtransactions a change was made in.
 */
import { Option } from "effect"
import * as Lsn from "../../core/Lsn.ts"

/** Tells whether the transaction is seen; `lsn` as `Lsn.printSortable` prints it. */
export type Sees = (lsn: string, xid: number) => boolean

const period = 2 ** 32

/**
 * Ids are given out in order, so a transaction begun after the snapshot and committed before `lsn` has one shortly after
 * `xmax`: the two are read in one statement. The bound keeps ids apart that are the same in 32 bits: those of a lake whose
 * oldest changes lie thousands of millions of transactions back.
 */
const soonAfter = 2 ** 20

/**
 * `snapshot` is `xmin:xmax:xip`, and `lsn` a position of its moment: what it sees was committed at or before that. None
 * where the text is not a snapshot.
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
