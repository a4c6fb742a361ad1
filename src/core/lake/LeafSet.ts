/**
 * The leaves of a partitioned table as of the watermark: `leaves.DATASET=3 9f86d081884c7d65 731:740:733`. The WAL does not
 * hold ATTACH, DETACH and DROP, so that a difference between this line and the catalog is the only trace of them.
 */
import { Option } from "effect"
import { printInSql } from "../source/SourceTable.ts"
import { isSnapshot, type Leaf, type PartitionTree, seesXid } from "../tables/PartitionTree.ts"

export interface LeafSet {
  readonly count: number
  /** Of the leaves' OIDs and names: rows of a renamed leaf would have two names in `_partition`. */
  readonly hash: string
  /** The snapshot in which they were read. */
  readonly snapshot: string
}

/** Two hashes of 32 bits (FNV-1a, and one with another prime): no secret, and no adversary. */
const hashText = (text: string): string => {
  let [one, other] = [0x811c9dc5, 0x9747b28c]
  for (let i = 0; i < text.length; i++) {
    one = Math.imul(one ^ text.charCodeAt(i), 0x01000193)
    other = Math.imul(other ^ text.charCodeAt(i), 0x85ebca6b) ^ (other >>> 13)
  }
  return [one, other].map((hash) => (hash >>> 0).toString(16).padStart(8, "0")).join("")
}

export const hashOfLeaves = (leaves: ReadonlyArray<Leaf>): string =>
  hashText(
    leaves
      .map(({ oid, table }) => `${oid} ${printInSql(table)}`)
      .toSorted()
      .join("\n"),
  )

/** Returns a hash of the leaves' files. */
export const hashOfFiles = (leaves: ReadonlyArray<Leaf>): string =>
  hashText(
    leaves
      .map(({ oid, file }) => `${oid} ${file}`)
      .toSorted()
      .join("\n"),
  )

/** Returns the leaves that the recorded snapshot sees: the others were created after it. */
export const olderLeaves = (recorded: LeafSet, leaves: ReadonlyArray<Leaf>): ReadonlyArray<Leaf> =>
  leaves.filter(({ createdBy }) => seesXid(recorded.snapshot, createdBy))

export const leafSet = ({ leaves, snapshot }: PartitionTree): LeafSet => ({
  count: leaves.length,
  hash: hashOfLeaves(leaves),
  snapshot,
})

export const isSameSet = (one: LeafSet, other: LeafSet): boolean =>
  one.count === other.count && one.hash === other.hash

/**
 * Returns why the dataset needs a new copy: leaves with rows may have come (`attached`) or gone (`detached`) without a trace
 * in the WAL. Undefined if the leaves are the recorded ones and such as were created since: a table that the recorded
 * snapshot does not see was created after it, so that the WAL read since then holds all of its rows, under its name.
 *
 * A rename counts as `detached`: its older rows in `inc` have the other name. A leaf that a subtransaction created while the
 * recorded snapshot was taken looks older than it is: then a copy is asked for that is not needed.
 */
export const leavesChange = (
  recorded: LeafSet,
  { leaves }: Pick<PartitionTree, "leaves">,
): "attached" | "detached" | undefined => {
  const older = olderLeaves(recorded, leaves)
  if (older.length === recorded.count && hashOfLeaves(older) === recorded.hash) return undefined
  return older.length > recorded.count ? "attached" : "detached"
}

/** True for the reasons that `leavesChange` returns. */
export const isOfLeaves = (reason: string): boolean => reason === "attached" || reason === "detached"

export const printLeafSet = ({ count, hash, snapshot }: LeafSet): string => `${count} ${hash} ${snapshot}`

export const parseLeafSet = (text: string): Option.Option<LeafSet> => {
  const [, count = "", hash = "", snapshot = ""] = /^(0|[1-9]\d{0,8}) ([0-9a-f]{16}) (\S+)$/.exec(text) ?? []
  return isSnapshot(snapshot) ? Option.some({ count: Number(count), hash, snapshot }) : Option.none()
}
