/**
 * Which tables a writer follows, and what of that changes. A change takes effect at one LSN, the flushed LSN of the batch
 * that finds it. Up to there the datasets of the watermark are followed as it names them, because the WAL may still hold
 * rows under old names and of tables that are configured no more.
 */
import { Option, Result } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import type { FromReason } from "../../core/lake/Watermark.ts"
import {
  printInSql,
  printTable,
  type SourceTable,
  sameTable,
  type TableName,
} from "../../core/source/SourceTable.ts"
import { Refusal } from "../../services/Refusal.ts"
import { SourceError } from "../../services/source/SourceError.ts"
import type { Relation } from "../../services/source/SourceTables.ts"
import { type TableCase, tableCase } from "./TableCase.ts"
import { type DatasetLines, type FollowedTable, knownIn, type TablePlan } from "./TablePlan.ts"

export interface PlanFacts {
  readonly configured: ReadonlyArray<SourceTable>
  readonly lines: DatasetLines
  /** The watermark's line 1. */
  readonly position: Lsn
  /** Datasets that were followed though `lines` names no table for them. */
  readonly followed: ReadonlySet<string>
  /** Datasets of which the lake holds changes. */
  readonly withObjects: ReadonlySet<string>
  readonly catalog: ReadonlyArray<Relation>
  /** `lines` came of the same SOURCE_TABLES, in this process. */
  readonly isRunning: boolean
  /** No WAL after `position` waits to be read. */
  readonly isCaughtUp: boolean
}

const otherTable = (dataset: string, known: Relation, configured: TableName, oid: number) => {
  const [before, now] = [printTable(known.table), printTable(configured)]
  return new Refusal({
    reason: "OtherTable",
    found: `The dataset "${dataset}" belongs to ${before} (OID ${known.oid}), and SOURCE_TABLES gives it ${now} (OID ${oid})`,
    stake: "Rows of two tables would stand in one dataset",
    mend: `Name ${before} for "${dataset}" again in SOURCE_TABLES, and give ${now} a dataset of its own`,
  })
}

const unknownTable = (table: TableName) =>
  new SourceError({
    reason: "SchemaOrTableMissing",
    subject: `table ${printTable(table)}`,
    detail: "it does not exist",
  })

const warningOf = (
  { dataset, table }: SourceTable,
  found: TableCase,
  reason: FromReason | undefined,
): string | undefined => {
  const name = printTable(table)
  const copy = `Run \`node dist/main.js full\`: until then "${dataset}" is not complete`
  switch (found._tag) {
    case "Renamed": {
      const now = printTable(found.to)
      return `Table ${name} is ${now} now: "${dataset}" goes on under that name. Write ${printInSql(found.to)}=${dataset} in SOURCE_TABLES`
    }
    case "Dropped":
      return `Table ${name} does not exist any more. What the WAL holds of it is written to "${dataset}", and the other tables go on. Take it out of SOURCE_TABLES if it will not come back`
    case "New":
    case "Again":
      return `Table ${name} is followed from now on. ${copy}`
    default:
      return reason === "replaced"
        ? `Another table bears the name ${name} now, and "${dataset}" goes on with that one. ${copy}`
        : undefined
  }
}

const reasonOf = ({ _tag }: TableCase, isMixed: boolean): FromReason | undefined => {
  if (_tag === "New") return "new"
  if (_tag === "Again") return "again"
  return _tag === "Replaced" || isMixed ? "replaced" : undefined
}

/** What the catalog says of names and OIDs, and which dataset each configured name is for. */
interface KnownNames {
  readonly oidOf: (table: TableName) => Option.Option<number>
  readonly nameOf: (oid: number) => Option.Option<TableName>
  readonly isForOther: (table: TableName, dataset: string) => boolean
}

const knownNames = ({ configured, catalog }: PlanFacts): KnownNames => {
  const oids = new Map(catalog.map(({ table, oid }) => [printTable(table), oid]))
  const names = new Map(catalog.map(({ table, oid }) => [oid, table]))
  const owners = new Map(configured.map(({ table, dataset }) => [printTable(table), dataset]))
  return {
    oidOf: (table) => Option.fromUndefinedOr(oids.get(printTable(table))),
    nameOf: (oid) => Option.fromUndefinedOr(names.get(oid)),
    isForOther: (table, dataset) => (owners.get(printTable(table)) ?? dataset) !== dataset,
  }
}

interface PlannedTable {
  readonly before: Option.Option<FollowedTable>
  readonly after: FollowedTable
  readonly reason: FromReason | undefined
  readonly warning: string | undefined
}

const planTable = (
  facts: PlanFacts,
  { oidOf, nameOf, isForOther }: KnownNames,
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
  const before = { dataset, table: now, names: sameTable(last, now) ? [now] : [last, now], oid: oidNow }
  return Result.succeed({
    before: wasRead ? Option.some(before) : Option.none(),
    after: { dataset, table: now, names: [now], oid: oidNow },
    reason,
    warning: warningOf(source, found, reason),
  })
}

/** Followed up to where the plan takes effect, though SOURCE_TABLES names them no more. */
const leavingTables = ({ configured, lines }: PlanFacts) => {
  const datasets = new Set(configured.map(({ dataset }) => dataset))
  const leaving = [...lines.tables.keys()].filter(
    (dataset) => !lines.left.has(dataset) && !datasets.has(dataset),
  )
  const tables = leaving.flatMap((dataset) =>
    Option.toArray(knownIn(lines, dataset)).map(
      ({ table, oid }): FollowedTable => ({ dataset, table, names: [table], oid: Option.some(oid) }),
    ),
  )
  return { leaving, tables }
}

/** Fails with exit code 3 where two tables would be mixed, and with 2 where a table is known to nobody. */
export const planTables = (facts: PlanFacts): Result.Result<TablePlan, Refusal | SourceError> => {
  const known = knownNames(facts)
  const before: Array<FollowedTable> = []
  const after: Array<FollowedTable> = []
  const anew = new Map<string, FromReason>()
  const warnings = new Map<string, string>()
  for (const source of facts.configured) {
    const { dataset } = source
    const planned = planTable(facts, known, source)
    if (Result.isFailure(planned)) return Result.fail(planned.failure)
    const { reason, warning } = planned.success
    before.push(...Option.toArray(planned.success.before))
    after.push(planned.success.after)
    if (reason !== undefined) anew.set(dataset, reason)
    if (warning !== undefined) warnings.set(dataset, warning)
  }
  const { leaving, tables } = leavingTables(facts)
  return Result.succeed({
    before: withoutForeignNames([...before, ...tables]),
    after,
    anew,
    leaving,
    warnings,
  })
}

/** A name that was another dataset's stays that one's until all that the WAL holds is read. */
const withoutForeignNames = (followed: ReadonlyArray<FollowedTable>): ReadonlyArray<FollowedTable> =>
  followed.map((one) => ({
    ...one,
    names: one.names.filter(
      (name, i) =>
        i === 0 ||
        !followed.some((other) => other !== one && other.names[0] && sameTable(other.names[0], name)),
    ),
  }))
