/**
 * Decides what happens with each configured table. `cdc` carries the decision out; `full`, `status`, `doctor` and `verify`
 * report it before.
 */
import { Option, Result } from "effect"
import { maskOf } from "../../columns/DatasetMask.ts"
import { lostEntries, type MaskMemory } from "../../core/columns/MaskedTable.ts"
import { type ColumnRules, projectionFor } from "../../core/columns/Projection.ts"
import type { Lsn } from "../../core/Lsn.ts"
import { type TableNow, unchangedTable } from "../../core/lake/DatasetState.ts"
import type { FromReason } from "../../core/lake/Watermark.ts"
import { printTable, type SourceTable, sameTable, type TableName } from "../../core/source/SourceTable.ts"
import { isRewrite } from "../../core/tables/TableMark.ts"
import { Refusal } from "../../services/Refusal.ts"
import type { SourceError } from "../../services/source/SourceError.ts"
import type { Relation } from "../../services/source/SourceTables.ts"
import { entriesFor, maskLost, maskMemory, oidsWithin } from "../../tables/KeptMasks.ts"
import { knownIn } from "../../tables/KnownTables.ts"
import { changeOfLeaves, olderFile } from "./FollowedLeaves.ts"
import { type TableCase, tableCase, unknownTable } from "./TableCase.ts"
import type { DatasetLines, FollowedTable } from "./TablePlan.ts"

export interface PlanFacts {
  readonly configured: ReadonlyArray<SourceTable>
  /** The settings of columns. */
  readonly rules: ColumnRules
  readonly lines: DatasetLines
  /** The watermark's line 1. */
  readonly position: Lsn
  /** Datasets that were followed although `lines` names no table for them. */
  readonly followed: ReadonlySet<string>
  /** Datasets that have objects in the lake. */
  readonly withObjects: ReadonlySet<string>
  readonly catalog: ReadonlyArray<Relation>
  /** True if `lines` was derived from the same SOURCE_TABLES, in this process. */
  readonly isRunning: boolean
  /** True if no WAL after `position` is pending. */
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

const reasonOf = (
  { _tag }: TableCase,
  isMixed: boolean,
  ofLeaves: FromReason | undefined,
): FromReason | undefined => {
  if (_tag === "New") return "new"
  if (_tag === "Again") return "again"
  return _tag === "Replaced" || isMixed ? "replaced" : ofLeaves
}

/** Look-ups in the catalog by name and OID, and the dataset of each configured name. */
export interface KnownNames {
  readonly oidOf: (table: TableName) => Option.Option<number>
  readonly nameOf: (oid: number) => Option.Option<TableName>
  /** What a followed table has from the catalog's rows of its OID. */
  readonly rowsOf: (
    oid: Option.Option<number>,
  ) => Pick<FollowedTable, "oid" | "mark" | "tree" | "file" | "definition">
  readonly isForOther: (table: TableName, dataset: string) => boolean
  readonly masks: MaskMemory
}

export const knownNames = ({ configured, catalog, rules, lines }: PlanFacts): KnownNames => {
  const oids = new Map(catalog.map(({ table, oid }) => [printTable(table), oid]))
  const relations = new Map(catalog.map((relation) => [relation.oid, relation]))
  const relationOf = (oid: number) => Option.fromUndefinedOr(relations.get(oid))
  const owners = new Map(configured.map(({ table, dataset }) => [printTable(table), dataset]))
  return {
    oidOf: (table) => Option.fromUndefinedOr(oids.get(printTable(table))),
    nameOf: (oid) => Option.map(relationOf(oid), ({ table }) => table),
    rowsOf: (oid) => {
      const relation = Option.flatMap(oid, relationOf)
      return {
        oid,
        mark: Option.map(relation, ({ mark }) => mark),
        tree: Option.getOrUndefined(relation)?.tree,
        file: Option.map(relation, ({ file }) => file),
        definition: Option.getOrUndefined(
          Option.map(relation, ({ file, details }) =>
            JSON.stringify([Option.getOrNull(oid), file.columns, details]),
          ),
        ),
      }
    },
    isForOther: (table, dataset) => (owners.get(printTable(table)) ?? dataset) !== dataset,
    masks: maskMemory(rules, lines),
  }
}

export interface PlannedTable {
  readonly source: SourceTable
  readonly kind: TableCase
  /** How it is followed until the plan takes effect; none if it is not. */
  readonly before: Option.Option<FollowedTable>
  readonly after: FollowedTable
  /** Why the dataset begins anew when the plan takes effect. */
  readonly reason: FromReason | undefined
  /** The mask of its columns when the plan takes effect. */
  readonly mask: string | undefined
  /** The entries to write before the old name of a renamed table is taken out: `db_loja.cliente.cpf in COLUMNS_HASH`. */
  readonly entriesToWrite: string | undefined
}

/** A planned table, or why `cdc` does not start with it. */
export interface TableDecision {
  readonly source: SourceTable
  readonly planned: Result.Result<PlannedTable, Refusal | SourceError>
}

const planTable = (
  facts: PlanFacts,
  { oidOf, nameOf, rowsOf, isForOther, masks }: KnownNames,
  source: SourceTable,
): Result.Result<PlannedTable, Refusal | SourceError> => {
  const { dataset, table } = source
  const { lines } = facts
  const known = knownIn(lines, dataset)
  const oid = oidOf(table)
  const kind = tableCase({
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
  if (kind._tag === "Unknown") return Result.fail(unknownTable(table))
  if (kind._tag === "OtherTable") {
    // This case implies that the watermark names a table.
    const first = Option.getOrElse(known, () => ({ table, oid: kind.oid }))
    return Result.fail(otherTable(dataset, first, table, kind.oid))
  }
  const last = Option.match(known, { onNone: () => table, onSome: (one) => one.table })
  const now = kind._tag === "Renamed" ? kind.to : kind._tag === "Dropped" ? last : table
  const oidNow = kind._tag === "Renamed" || kind._tag === "Dropped" ? Option.map(known, (k) => k.oid) : oid
  const wasRead =
    kind._tag === "New"
      ? // An older watermark, or one that a person wrote, names no tables: all changes after it are read.
        lines.tables.size === 0
      : kind._tag !== "Again" && !(kind._tag === "Replaced" && lines.left.has(dataset))
  const isMixed =
    !facts.isCaughtUp &&
    Option.exists(known, (one) => Option.exists(oidOf(one.table), (other) => other !== one.oid))
  const mask =
    kind._tag === "Dropped" ? lines.masks.get(dataset) : maskOf(projectionFor(facts.rules, [table, now]))
  const isMasked = mask !== lines.masks.get(dataset)
  const rows = rowsOf(oidNow)
  const { tree } = rows
  if (source.pattern === undefined && kind._tag !== "Dropped" && Option.isSome(oidNow)) {
    const lost = masks.lost(oidsWithin(oidNow.value, tree), [table, now])
    if (lost !== undefined) return Result.fail(maskLost(facts.rules, now, lost))
  }
  const leaves =
    tree?.leaves.map((leaf) => leaf.table) ??
    (kind._tag === "Dropped" && lines.leaves.has(dataset) ? [] : undefined)
  const isRewritten = Option.exists(rows.file, (file) => {
    const recorded = lines.files.get(dataset)
    return recorded !== undefined && isRewrite(recorded, olderFile(lines, dataset, tree, file))
  })
  const reason =
    reasonOf(kind, isMixed, changeOfLeaves(lines, dataset, tree)) ??
    (isMasked ? "masked" : isRewritten ? "rewritten" : undefined)
  const toWrite = lostEntries(facts.rules, [table], [now])
  const names = sameTable(last, now) ? [now] : [last, now]
  const after: FollowedTable = { dataset, table: now, names: [now], ...rows, leaves }
  return Result.succeed({
    source,
    kind,
    before: wasRead ? Option.some({ ...after, names }) : Option.none(),
    after,
    reason,
    mask,
    entriesToWrite: toWrite.length === 0 ? undefined : entriesFor(facts.rules, now, toWrite),
  })
}

/** Returns one decision per configured table, in order. Failures: `OtherTable` (exit 3), or `SchemaOrTableMissing` (exit 2). */
export const planEach = (facts: PlanFacts): ReadonlyArray<TableDecision> => {
  const known = knownNames(facts)
  return facts.configured.map((source) => ({ source, planned: planTable(facts, known, source) }))
}

/** Returns the facts that the dataset's state depends on: unchanged if there is no decision, or `cdc` refuses the table. */
export const tableNow = (decision: TableDecision | undefined): TableNow => {
  if (decision === undefined || Result.isFailure(decision.planned)) return unchangedTable
  const { kind, reason } = decision.planned.success
  return { isDropped: kind._tag === "Dropped", anew: Option.fromUndefinedOr(reason) }
}
