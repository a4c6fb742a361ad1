/** What the watermark says of each dataset's table, and how a plan changes that. */
import { Option } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import type { FromReason, Watermark } from "../../core/lake/Watermark.ts"
import { parseTable, printInSql, type SourceTable, type TableName } from "../../core/source/SourceTable.ts"
import type { Relation, RelationsAsked } from "../../services/source/SourceTables.ts"

/** Which table each dataset has, from where on its commits are in `inc`, and how far those were followed that have left. */
export type DatasetLines = Pick<Watermark, "tables" | "from" | "left">

export interface FollowedTable {
  readonly dataset: string
  /** As the catalog names it, or named it last. */
  readonly table: TableName
  /** The names under which the WAL may hold its rows. */
  readonly names: ReadonlyArray<TableName>
  /** None where neither the catalog nor the watermark has it. */
  readonly oid: Option.Option<number>
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
export const knownIn = ({ tables }: DatasetLines, dataset: string): Option.Option<Relation> =>
  Option.flatMap(Option.fromUndefinedOr(tables.get(dataset)), (known) =>
    Option.map(parseTable(known.name), (table) => ({ table, oid: known.oid })),
  )

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
  return {
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
    ({ dataset, table, oid }) =>
      lines.left.has(dataset) ||
      Option.exists(oid, (now) => {
        const known = lines.tables.get(dataset)
        return known?.oid !== now || known.name !== printInSql(table)
      }),
  )
