/**
 * The relations of a partitioned table. Its leaves hold the rows, and the WAL names the leaves alone; a TRUNCATE names the
 * root and the tables between too.
 */
import type { TableName } from "../source/SourceTable.ts"

export interface Leaf {
  readonly table: TableName
  /** `pg_class.oid`. */
  readonly oid: number
  /** The transaction that created it as a table of its own or as a partition, 64 bits. */
  readonly createdBy: bigint
  /** `pg_class.relfilenode`: every rewrite, TRUNCATE and VACUUM FULL changes it. */
  readonly file: string
}

export interface PartitionTree {
  readonly leaves: ReadonlyArray<Leaf>
  /** The partitioned tables between the root and the leaves. */
  readonly branches: ReadonlyArray<TableName>
  /** `xmin:xmax:xip`: the snapshot in which the tree was read. */
  readonly snapshot: string
}

const snapshotText = /^(\d{1,20}):(\d{1,20}):((?:\d{1,20}(?:,\d{1,20})*)?)$/

/** True if it is the output of `pg_current_snapshot()`. */
export const isSnapshot = (text: string): boolean => snapshotText.test(text)

/**
 * True if the snapshot sees the transaction, whose id has 64 bits. `xip` has top-level ids only: a subtransaction of one that
 * was in progress looks visible.
 */
export const seesXid = (snapshot: string, xid: bigint): boolean => {
  const [, , xmax = "0", inProgress = ""] = snapshotText.exec(snapshot) ?? []
  return xid < BigInt(xmax) && !inProgress.split(",").includes(String(xid))
}

/** Returns the 64-bit id of an `xmin` of 32 bits that a snapshot with this `xmax` sees: the greatest one below it. */
export const wholeXid = (short: number, xmax: bigint): bigint => {
  const period = 2n ** 32n
  const near = xmax - (xmax % period) + BigInt(short)
  if (near < xmax) return near
  return near < period ? 0n : near - period
}
