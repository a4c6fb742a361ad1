/** The watermark's lines about each dataset's table, and how a plan changes them. */
import { Option } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import { isOfLeaves, isSameSet, leafSet } from "../../core/lake/LeafSet.ts"
import type { FromReason, Watermark } from "../../core/lake/Watermark.ts"
import { printInSql, type TableName } from "../../core/source/SourceTable.ts"
import type { PartitionTree } from "../../core/tables/PartitionTree.ts"
import { type CatalogMark, sameRows, type TableFile } from "../../core/tables/TableMark.ts"

/** The table of each dataset, the LSN from which its commits are in `inc`, and the last LSN of datasets that have left. */
export type DatasetLines = Pick<
  Watermark,
  "tables" | "catalog" | "from" | "leaves" | "files" | "masks" | "masked" | "left"
>

export interface FollowedTable {
  readonly dataset: string
  /** Its name in the catalog, or its last known one. */
  readonly table: TableName
  /** The names under which the WAL may hold its rows. */
  readonly names: ReadonlyArray<TableName>
  /** None if neither the catalog nor the watermark has it. */
  readonly oid: Option.Option<number>
  /** The catalog's rows of this OID; none if it has none. */
  readonly mark: Option.Option<CatalogMark>
  /** Its partitions in the catalog; undefined if it has none there, because it is no partitioned table or was dropped. */
  readonly tree: PartitionTree | undefined
  /** The leaves whose rows the WAL may hold. Undefined if it is not partitioned. */
  readonly leaves: ReadonlyArray<TableName> | undefined
  /** As `mark`: its storage and columns. */
  readonly file: Option.Option<TableFile>
  /** A text that changes with what the catalog says of its columns and keys; undefined if it has no such table. */
  readonly definition: string | undefined
}

export interface TablePlan {
  /** Followed until the plan takes effect. */
  readonly before: ReadonlyArray<FollowedTable>
  /** Followed after that. */
  readonly after: ReadonlyArray<FollowedTable>
  /** Datasets with a gap between the newest `full` and `inc`: each begins anew when the plan takes effect. */
  readonly anew: ReadonlyMap<string, FromReason>
  /** By dataset: its mask once the plan has taken effect. Undefined without one. */
  readonly masks: ReadonlyMap<string, string | undefined>
  /** Followed before, and not after. */
  readonly leaving: ReadonlyArray<string>
  /** Text for people, by dataset. */
  readonly warnings: ReadonlyMap<string, string>
}

/**
 * Returns the recorded catalog rows of the table if the catalog has others by now, or none: the table may have had unknown
 * names meanwhile.
 */
export const changedSince = (
  { tables, catalog }: DatasetLines,
  { dataset, oid, mark }: FollowedTable,
): Option.Option<CatalogMark> =>
  Option.filter(
    Option.fromUndefinedOr(catalog.get(dataset)),
    (recorded) =>
      Option.contains(oid, tables.get(dataset)?.oid) &&
      !Option.exists(mark, (now) => sameRows(now, recorded)),
  )

/** Returns the recorded catalog rows, with those of unchanged tables as they were read now. */
export const unchangedMarks = (
  lines: DatasetLines,
  followed: ReadonlyArray<FollowedTable>,
): DatasetLines["catalog"] =>
  new Map([
    ...lines.catalog,
    ...followed.flatMap(({ dataset, mark }) => {
      const recorded = lines.catalog.get(dataset)
      return Option.toArray(mark)
        .filter((now) => recorded !== undefined && sameRows(now, recorded))
        .map((now) => [dataset, now] as const)
    }),
  ])

/** Returns the watermark's lines after the plan has taken effect at `lsn`. `xid` was assigned after `lsn`. */
export const linesAfter = (
  lines: DatasetLines,
  plan: TablePlan,
  lsn: Lsn,
  xid: Option.Option<bigint>,
): DatasetLines => {
  const followed = new Set(plan.after.map(({ dataset }) => dataset))
  const catalog = new Map(lines.catalog)
  for (const { dataset, oid, mark } of plan.after) {
    if (Option.isNone(oid)) continue
    // A dropped table has no further changes.
    if (Option.isNone(mark)) catalog.delete(dataset)
    else catalog.set(dataset, mark.value)
  }
  const files = new Map(lines.files)
  for (const { dataset, file } of plan.after) if (Option.isSome(file)) files.set(dataset, file.value)
  const masks = new Map(lines.masks)
  for (const [dataset, mask] of plan.masks) {
    if (mask === undefined) masks.delete(dataset)
    else masks.set(dataset, mask)
  }
  const leaves = new Map(lines.leaves)
  for (const { dataset, oid, tree, leaves: names } of plan.after) {
    if (Option.isNone(oid)) continue
    if (tree !== undefined) leaves.set(dataset, leafSet(tree))
    else if (names === undefined) leaves.delete(dataset)
  }
  return {
    catalog,
    leaves,
    files,
    masks,
    masked: lines.masked,
    tables: new Map([
      ...lines.tables,
      ...plan.after.flatMap(({ dataset, table, oid }) =>
        Option.toArray(oid).map((known) => [dataset, { name: printInSql(table), oid: known }] as const),
      ),
    ]),
    from: new Map([
      ...lines.from,
      ...[...plan.anew].map(
        ([dataset, reason]) =>
          [dataset, { lsn, since: Option.map(xid, (id) => ({ xid: id, reason })) }] as const,
      ),
    ]),
    left: new Map([
      ...[...lines.left].filter(([dataset]) => !followed.has(dataset)),
      ...plan.leaving.map((dataset) => [dataset, lsn] as const),
    ]),
  }
}

/** True if the plan changes the watermark's lines. */
export const isChange = (lines: DatasetLines, { after, anew, leaving }: TablePlan): boolean =>
  anew.size > 0 ||
  leaving.length > 0 ||
  after.some((one) => {
    const { dataset, table, oid } = one
    return (
      lines.left.has(dataset) ||
      Option.exists(oid, (now) => {
        const known = lines.tables.get(dataset)
        return known?.oid !== now || known.name !== printInSql(table) || !isRecorded(lines, one)
      })
    )
  })

const isRecorded = ({ catalog, leaves }: DatasetLines, { dataset, mark, tree }: FollowedTable): boolean => {
  const recorded = catalog.get(dataset)
  const known = leaves.get(dataset)
  if (tree !== undefined && (known === undefined || !isSameSet(known, leafSet(tree)))) return false
  return Option.match(mark, {
    onNone: () => recorded === undefined,
    onSome: (now) => recorded !== undefined && sameRows(now, recorded),
  })
}

/** Returns the plan without the changes of these datasets: they are followed as before, and their lines stay the same. */
export const withoutChanges = (plan: TablePlan, of: ReadonlySet<string>): TablePlan => {
  // A copy closes such a gap only if it is made after the leaf's last row was read.
  const anew = new Map([...plan.anew].filter(([dataset, reason]) => !of.has(dataset) || !isOfLeaves(reason)))
  const known = new Map(plan.before.map((one) => [one.dataset, one]))
  return {
    ...plan,
    anew,
    after: plan.after.map((one) => {
      const before = of.has(one.dataset) && !anew.has(one.dataset) ? known.get(one.dataset) : undefined
      return before === undefined ? one : { ...before, oid: Option.none() }
    }),
  }
}
