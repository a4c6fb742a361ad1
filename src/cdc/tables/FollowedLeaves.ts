/**
 * The leaves of followed partitioned tables: the names under which the WAL holds their rows, and what has changed among them.
 *
 * A new leaf is followed from the first read of the catalog that shows it. One that is gone is followed until two reads agree:
 * the look comes after the flushed LSN, so that rows may follow until the next one.
 */
import { Effect, Option } from "effect"
import { hashOfFiles, type LeafSet, leafSet, leavesChange, olderLeaves } from "../../core/lake/LeafSet.ts"
import { printInSql, printTable, type TableName } from "../../core/source/SourceTable.ts"
import type { Leaf, PartitionTree } from "../../core/tables/PartitionTree.ts"
import type { TableFile } from "../../core/tables/TableMark.ts"
import type { DatasetLines, FollowedTable } from "./TablePlan.ts"

/** Returns all names under which the WAL may name the table: in a TRUNCATE also those of relations without rows. */
export const namesInWal = ({ names, tree, leaves = [] }: FollowedTable): ReadonlyArray<TableName> => [
  ...names,
  ...(tree?.branches ?? []),
  ...leaves,
]

/** Returns why the dataset needs a new copy, if leaves have come or gone without a trace in the WAL. */
export const changeOfLeaves = (
  { leaves }: Pick<DatasetLines, "leaves">,
  dataset: string,
  tree: PartitionTree | undefined,
): "attached" | "detached" | undefined => {
  const recorded = leaves.get(dataset)
  return recorded === undefined || tree === undefined ? undefined : leavesChange(recorded, tree)
}

/**
 * Returns the table's file without those of leaves that were created since the watermark's: nothing was rewritten in them that
 * is not in the WAL.
 */
export const olderFile = (
  { leaves }: Pick<DatasetLines, "leaves">,
  dataset: string,
  tree: PartitionTree | undefined,
  file: TableFile,
): TableFile => {
  const recorded = leaves.get(dataset)
  return recorded === undefined || tree === undefined
    ? file
    : { ...file, file: hashOfFiles(olderLeaves(recorded, tree.leaves)) }
}

/** Returns the leaves of the watermark, with those of unchanged tables, and new ones, as they were read now. */
export const readLeaves = (
  lines: DatasetLines,
  followed: ReadonlyArray<FollowedTable>,
): DatasetLines["leaves"] =>
  new Map([
    ...lines.leaves,
    ...followed.flatMap(({ dataset, oid, tree }): ReadonlyArray<readonly [string, LeafSet]> => {
      const isKnown = lines.leaves.has(dataset) && Option.contains(oid, lines.tables.get(dataset)?.oid)
      const isQuiet = changeOfLeaves(lines, dataset, tree) === undefined
      return isKnown && isQuiet && tree !== undefined ? [[dataset, leafSet(tree)]] : []
    }),
  ])

/** Returns the tables with the leaves that `known` has beside those of the catalog. */
export const withKnownLeaves = (
  followed: ReadonlyArray<FollowedTable>,
  known: ReadonlyArray<FollowedTable>,
): ReadonlyArray<FollowedTable> => {
  const leavesOf = new Map(known.map(({ dataset, leaves }) => [dataset, leaves]))
  return followed.map((one) => {
    const earlier = leavesOf.get(one.dataset)
    if (earlier === undefined) return one
    const now = new Set((one.leaves ?? []).map(printTable))
    const gone = earlier.filter((name) => !now.has(printTable(name)))
    return gone.length === 0 ? one : { ...one, leaves: [...(one.leaves ?? []), ...gone] }
  })
}

/** The leaves of `all` that `other` lacks. */
const lacking = (all: PartitionTree, other: PartitionTree): ReadonlyArray<TableName> => {
  const keyOf = ({ oid, table }: Leaf) => `${oid} ${printTable(table)}`
  const keys = new Set(other.leaves.map(keyOf))
  return all.leaves.filter((leaf) => !keys.has(keyOf(leaf))).map(({ table }) => table)
}

const report = (message: string, dataset: string, leaves: ReadonlyArray<TableName>) =>
  Effect.forEach(
    leaves,
    (leaf) => Effect.logInfo(message).pipe(Effect.annotateLogs({ dataset, partition: printInSql(leaf) })),
    { discard: true },
  )

/** Logs each leaf that has come or gone since the last read of the catalog. */
export const reportLeaves = Effect.fnUntraced(function* (
  known: ReadonlyArray<FollowedTable>,
  followed: ReadonlyArray<FollowedTable>,
) {
  const treeOf = new Map(known.map(({ dataset, tree }) => [dataset, tree]))
  for (const { dataset, tree: now } of followed) {
    const before = treeOf.get(dataset)
    if (before === undefined || now === undefined) continue
    yield* report("cdc: partition has come", dataset, lacking(now, before))
    yield* report("cdc: partition has gone", dataset, lacking(before, now))
  }
})
