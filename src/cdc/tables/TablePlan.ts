/** What the watermark says of each dataset's table, and how a plan changes that. */
import { Option } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import { type CatalogMark, type FromReason, sameRows, type Watermark } from "../../core/lake/Watermark.ts"
import {
  parseTable,
  printInSql,
  type SourceTable,
  sameTable,
  type TableName,
} from "../../core/source/SourceTable.ts"
import type { Relation, RelationsAsked } from "../../services/source/SourceTables.ts"

/** Which table each dataset has, from where on its commits are in `inc`, and how far those were followed that have left. */
export type DatasetLines = Pick<Watermark, "tables" | "catalog" | "from" | "left">

export interface FollowedTable {
  readonly dataset: string
  /** As the catalog names it, or named it last. */
  readonly table: TableName
  /** The names under which the WAL may hold its rows. */
  readonly names: ReadonlyArray<TableName>
  /** None where neither the catalog nor the watermark has it. */
  readonly oid: Option.Option<number>
  /** What the catalog has of this OID now; none where it has nothing. */
  readonly mark: Option.Option<CatalogMark>
}

export interface TablePlan {
  /** Followed up to where the plan takes effect. */
  readonly before: ReadonlyArray<FollowedTable>
  /** Followed from there on. */
  readonly after: ReadonlyArray<FollowedTable>
  /** Datasets of which `inc` and the newest `full` make no whole: each begins anew where the plan takes effect. */
  readonly anew: ReadonlyMap<string, FromReason>
  /** Followed before, and not after. */
  readonly leaving: ReadonlyArray<string>
  /** What a person must know, by dataset. */
  readonly warnings: ReadonlyMap<string, string>
}

/** The table that the watermark names for a dataset. */
export const knownIn = (
  { tables }: DatasetLines,
  dataset: string,
): Option.Option<Pick<Relation, "table" | "oid">> =>
  Option.flatMap(Option.fromUndefinedOr(tables.get(dataset)), (known) =>
    Option.map(parseTable(known.name), (table) => ({ table, oid: known.oid })),
  )

/**
 * What the watermark records of the table's rows of the catalog, where the catalog has others by now or none: the table may
 * have borne names meanwhile that nobody saw.
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

/** The recorded rows of the tables that have not changed, as they were seen now. */
export const seenAgain = (
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

/** What the catalog must be asked for a plan. */
export const askedRelations = (
  configured: ReadonlyArray<SourceTable>,
  lines: DatasetLines,
): RelationsAsked => {
  const known = [...lines.tables.keys()].flatMap((dataset) => Option.toArray(knownIn(lines, dataset)))
  return {
    tables: [...configured, ...known].map(({ table }) => table),
    oids: known.map(({ oid }) => oid),
  }
}

/** The lines of the watermark from where the plan takes effect: at `lsn`, with a transaction id that was taken after it. */
export const linesAfter = (
  lines: DatasetLines,
  plan: TablePlan,
  lsn: Lsn,
  xid: Option.Option<bigint>,
): DatasetLines => {
  const isFollowed = (dataset: string) => plan.after.some((one) => one.dataset === dataset)
  const catalog = new Map(lines.catalog)
  for (const { dataset, oid, mark } of plan.after) {
    if (Option.isNone(oid)) continue
    // Nothing can come any more of a table that has gone.
    if (Option.isNone(mark)) catalog.delete(dataset)
    else catalog.set(dataset, mark.value)
  }
  return {
    catalog,
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
      ...[...lines.left].filter(([dataset]) => !isFollowed(dataset)),
      ...plan.leaving.map((dataset) => [dataset, lsn] as const),
    ]),
  }
}

/** Whether the watermark must say something else after the plan than before it. */
export const isChange = (lines: DatasetLines, { after, anew, leaving }: TablePlan): boolean =>
  anew.size > 0 ||
  leaving.length > 0 ||
  after.some(
    ({ dataset, table, oid, mark }) =>
      lines.left.has(dataset) ||
      Option.exists(oid, (now) => {
        const known = lines.tables.get(dataset)
        return known?.oid !== now || known.name !== printInSql(table) || !isRecorded(lines, dataset, mark)
      }),
  )

const isRecorded = (
  { catalog }: DatasetLines,
  dataset: string,
  mark: Option.Option<CatalogMark>,
): boolean => {
  const recorded = catalog.get(dataset)
  return Option.match(mark, {
    onNone: () => recorded === undefined,
    onSome: (now) => recorded !== undefined && sameRows(now, recorded),
  })
}

/** The plan without what changes of these datasets: after it they are followed as before it, and the watermark says the same. */
export const withoutChanges = (plan: TablePlan, of: ReadonlySet<string>): TablePlan => ({
  ...plan,
  after: plan.after.map((one) => {
    const before = plan.before.find(({ dataset }) => dataset === one.dataset)
    return before !== undefined && of.has(one.dataset) && !plan.anew.has(one.dataset)
      ? { ...before, oid: Option.none() }
      : one
  }),
})

/** A name that was another dataset's stays that one's until all that the WAL holds is read. */
export const withoutForeignNames = (followed: ReadonlyArray<FollowedTable>): ReadonlyArray<FollowedTable> =>
  followed.map((one) => ({
    ...one,
    names: one.names.filter(
      (name, i) =>
        i === 0 ||
        !followed.some((other) => other !== one && other.names[0] && sameTable(other.names[0], name)),
    ),
  }))
