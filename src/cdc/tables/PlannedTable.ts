/**
 * What a plan makes of each configured table: the one decision that `cdc` carries out, and that `full`, `status`, `doctor`
 * and `verify` report before it is carried out.
 */
import { Option, Result } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import { type TableNow, unchangedTable } from "../../core/lake/DatasetState.ts"
import type { CatalogMark, FromReason } from "../../core/lake/Watermark.ts"
import { printTable, type SourceTable, sameTable, type TableName } from "../../core/source/SourceTable.ts"
import { Refusal } from "../../services/Refusal.ts"
import type { SourceError } from "../../services/source/SourceError.ts"
import type { Relation } from "../../services/source/SourceTables.ts"
import { type TableCase, tableCase, unknownTable } from "./TableCase.ts"
import { type DatasetLines, type FollowedTable, knownIn } from "./TablePlan.ts"

export interface PlanFacts {
  readonly configured: ReadonlyArray<SourceTable>
  readonly lines: DatasetLines
  /** The watermark's line 1. */
  readonly position: Lsn
  /** Datasets that were followed though `lines` names no table for them. */
  readonly followed: ReadonlySet<string>
  /** Datasets of which the lake holds objects. */
  readonly withObjects: ReadonlySet<string>
  readonly catalog: ReadonlyArray<Relation>
  /** `lines` came of the same SOURCE_TABLES, in this process. */
  readonly isRunning: boolean
  /** No WAL after `position` waits to be read. */
  readonly isCaughtUp: boolean
}

const otherTable = (
  dataset: string,
  known: Pick<Relation, "table" | "oid">,
  configured: TableName,
  oid: number,
) => {
  const [before, now] = [printTable(known.table), printTable(configured)]
  return new Refusal({
    reason: "OtherTable",
    problem: `The dataset "${dataset}" belongs to ${before} (OID ${known.oid}), and SOURCE_TABLES gives it ${now} (OID ${oid})`,
    risk: "Rows of two tables would be in one dataset",
    remedy: `Name ${before} for "${dataset}" again in SOURCE_TABLES, and give ${now} a dataset of its own`,
  })
}

const reasonOf = ({ _tag }: TableCase, isMixed: boolean): FromReason | undefined => {
  if (_tag === "New") return "new"
  if (_tag === "Again") return "again"
  return _tag === "Replaced" || isMixed ? "replaced" : undefined
}

/** What the catalog says of names and OIDs, and which dataset each configured name is for. */
export interface KnownNames {
  readonly oidOf: (table: TableName) => Option.Option<number>
  readonly nameOf: (oid: number) => Option.Option<TableName>
  readonly markOf: (oid: Option.Option<number>) => Option.Option<CatalogMark>
  readonly isForOther: (table: TableName, dataset: string) => boolean
}

export const knownNames = ({ configured, catalog }: PlanFacts): KnownNames => {
  const oids = new Map(catalog.map(({ table, oid }) => [printTable(table), oid]))
  const relations = new Map(catalog.map((relation) => [relation.oid, relation]))
  const relationOf = (oid: number) => Option.fromUndefinedOr(relations.get(oid))
  const owners = new Map(configured.map(({ table, dataset }) => [printTable(table), dataset]))
  return {
    oidOf: (table) => Option.fromUndefinedOr(oids.get(printTable(table))),
    nameOf: (oid) => Option.map(relationOf(oid), ({ table }) => table),
    markOf: (oid) => Option.map(Option.flatMap(oid, relationOf), ({ mark }) => mark),
    isForOther: (table, dataset) => (owners.get(printTable(table)) ?? dataset) !== dataset,
  }
}

export interface PlannedTable {
  readonly source: SourceTable
  readonly found: TableCase
  /** Where it is followed up to where the plan takes effect. */
  readonly before: Option.Option<FollowedTable>
  readonly after: FollowedTable
  /** Why the dataset begins anew where the plan takes effect. */
  readonly reason: FromReason | undefined
}

/** A table as planned, or why `cdc` does not start with it. */
export interface TableDecision {
  readonly source: SourceTable
  readonly planned: Result.Result<PlannedTable, Refusal | SourceError>
}

const planTable = (
  facts: PlanFacts,
  { oidOf, nameOf, markOf, isForOther }: KnownNames,
  source: SourceTable,
): Result.Result<PlannedTable, Refusal | SourceError> => {
  const { dataset, table } = source
  const { lines } = facts
  const known = knownIn(lines, dataset)
  const oid = oidOf(table)
  const found = tableCase({
    configured: table,
    known,
    left: Option.fromUndefinedOr(lines.left.get(dataset)),
    position: facts.position,
    isRunning: facts.isRunning,
    isFollowed: facts.followed.has(dataset),
    hasObjects: facts.withObjects.has(dataset),
    oid,
    nameNow: Option.filter(
      Option.flatMap(known, (one) => nameOf(one.oid)),
      (name) => !isForOther(name, dataset),
    ),
  })
  if (found._tag === "Unknown") return Result.fail(unknownTable(table))
  if (found._tag === "OtherTable") {
    // Only a known table can be another one.
    const first = Option.getOrElse(known, () => ({ table, oid: found.oid }))
    return Result.fail(otherTable(dataset, first, table, found.oid))
  }
  const last = Option.match(known, { onNone: () => table, onSome: (one) => one.table })
  const now = found._tag === "Renamed" ? found.to : found._tag === "Dropped" ? last : table
  const oidNow = found._tag === "Renamed" || found._tag === "Dropped" ? Option.map(known, (k) => k.oid) : oid
  const wasRead =
    found._tag === "New"
      ? // An older watermark, or one that a person wrote, names no tables: all that comes after it is theirs.
        lines.tables.size === 0
      : found._tag !== "Again" && !(found._tag === "Replaced" && lines.left.has(dataset))
  const isMixed =
    !facts.isCaughtUp &&
    Option.exists(known, (one) => Option.exists(oidOf(one.table), (other) => other !== one.oid))
  const reason = reasonOf(found, isMixed)
  const mark = markOf(oidNow)
  const names = sameTable(last, now) ? [now] : [last, now]
  const before = { dataset, table: now, names, oid: oidNow, mark }
  return Result.succeed({
    source,
    found,
    before: wasRead ? Option.some(before) : Option.none(),
    after: { dataset, table: now, names: [now], oid: oidNow, mark },
    reason,
  })
}

/** One for each configured table, in their order. A failure has exit code 3 where two tables would be mixed, and 2 where nobody knows the table. */
export const planEach = (facts: PlanFacts): ReadonlyArray<TableDecision> => {
  const known = knownNames(facts)
  return facts.configured.map((source) => ({ source, planned: planTable(facts, known, source) }))
}

/** As the state of its dataset depends on it. Unchanged where nothing was decided, or `cdc` refuses the table. */
export const tableNow = (decision: TableDecision | undefined): TableNow => {
  if (decision === undefined || Result.isFailure(decision.planned)) return unchangedTable
  const { found, reason } = decision.planned.success
  return { isDropped: found._tag === "Dropped", anew: Option.fromUndefinedOr(reason) }
}
