/** Compares the lake with one table: its objects with their manifests, and the rebuilt rows with the table's. */
import { Effect, Option } from "effect"
import type { LakeFolders } from "../../core/lake/Watermark.ts"
import { printTable, type SourceTable } from "../../core/source/SourceTable.ts"
import { type Fulls, listIncs } from "../../lake/LakeInventory.ts"
import { readSchemas } from "../../lake/SchemaFiles.ts"
import type { Workbench } from "../../services/lake/LakeComparison.ts"
import { Progress } from "../../services/Progress.ts"
import { reportDisorder } from "../report/Disorder.ts"
import type { FindingCounter } from "../report/FindingCounter.ts"
import { columnMatching, isAddedAfter, namesIn } from "../rows/ColumnMatches.ts"
import { columnNames, type UnknownColumn } from "../rows/ColumnNames.ts"
import { readFull } from "../rows/FullReading.ts"
import { readChanges } from "../rows/LakeChanges.ts"
import type { ComparisonSnapshot } from "../snapshot/ComparisonSnapshot.ts"
import type { LiveTable } from "../snapshot/LiveTables.ts"
import { incompleteBecause, maskedOtherwise } from "./Incomplete.ts"
import { reportDifferences } from "./RowComparison.ts"
import type { TableFailure } from "./TableFailure.ts"
import { addedColumnAdvice, unfollowedAdvice } from "./TableIdentity.ts"

export interface TableVerdict {
  readonly dataset: string
  readonly table: string
  /** Key of the copy that the comparison begins with. */
  readonly full: string | null
  /** Rows of the table, and of the table rebuilt from the lake; null if they were not read. */
  readonly rows: number | null
  readonly rebuilt: number | null
  /** Changes after the copy. `waiting` of them are still in the slot. */
  readonly changes: number
  readonly waiting: number
  readonly findings: number
  /** How many of the findings are changes that are in `inc` twice. */
  readonly twice: number
  /** The exit code that this table alone asks for. */
  readonly exit: number
  readonly ignored: ReadonlyArray<string>
  /** Not counted as differences: see `ColumnNames.ts`. */
  readonly unknown: ReadonlyArray<UnknownColumn>
  /** Why the rows could not be compared, with what to do; null if they were. */
  readonly incomparable: string | null
  readonly advice: ReadonlyArray<string>
}

export interface TableInLake {
  readonly source: SourceTable
  readonly layout: LakeFolders
  readonly fulls: Fulls
}

/** Exit code if a person must change something. */
const mustChange = 2

/** Exit code if the lake does not hold the whole table. */
const notInLake = 4

/** The fields before anything was compared. */
const bare = (source: SourceTable) => ({
  dataset: source.dataset,
  table: printTable(source.table),
  full: null,
  rows: null,
  rebuilt: null,
  changes: 0,
  waiting: 0,
  ignored: [],
  unknown: [],
  incomparable: null,
  advice: [],
})

const counted = (counter: FindingCounter, exit: number) => {
  const findings = counter.findings()
  return { findings, twice: counter.twice(), exit: findings > 0 ? 4 : exit }
}

/** The verdict on a table whose comparison failed. Findings that were reported before count. */
export const failedVerdict = (
  source: SourceTable,
  counter: FindingCounter,
  { why, exit }: TableFailure,
): TableVerdict => ({
  ...bare(source),
  ...counted(counter, exit),
  incomparable: why,
})

/** Compares one table with what the lake makes of it, and reports every difference. */
export const tableVerdict = Effect.fn("TableVerdict.tableVerdict")(function* (
  workbench: Workbench,
  snapshot: ComparisonSnapshot,
  live: LiveTable,
  { source, layout, fulls }: TableInLake,
  counter: FindingCounter,
) {
  const { table, description, projected, rows } = live
  const { report } = counter
  const name = printTable(source.table)
  const progress = yield* Progress
  yield* Effect.forEach(fulls.findings, report)
  const incs = yield* listIncs(layout, source.dataset, snapshot.watermark)
  yield* Effect.forEach(incs.findings, report)
  const verdict = (more: Partial<TableVerdict>): TableVerdict => ({
    ...bare(source),
    ...counted(counter, more.incomparable == null ? 0 : mustChange),
    rows: Option.getOrNull(rows),
    ignored: [...fulls.ignored, ...incs.ignored],
    ...more,
  })
  if (Option.isSome(description.notFollowed)) {
    return verdict({
      incomparable: `\`cdc\` cannot follow ${name}: ${description.notFollowed.value}. Take it out of SOURCE_TABLES for \`verify\``,
    })
  }
  const because = incompleteBecause(snapshot, source.dataset, fulls.newest, incs.objects.length > 0)
  if (Option.isSome(because)) return verdict({ incomparable: because.value, exit: notInLake })
  if (Option.isNone(fulls.newest)) {
    return verdict({ incomparable: `The lake holds no complete \`full\` of ${name}: run \`full\` first` })
  }
  const manifest = fulls.newest.value
  const otherwise = Option.isNone(snapshot.watermark)
    ? maskedOtherwise(manifest, projected.projection)
    : Option.none<string>()
  if (Option.isSome(otherwise)) return verdict({ incomparable: otherwise.value, exit: notInLake })

  const schemas = yield* readSchemas(incs.schemas)
  const matching = columnMatching(projected.columns, schemas)
  const copied = yield* workbench.rows("copied")
  const stored = yield* workbench.changes("changes")
  const bar = yield* progress.show(`verify ${source.dataset}: full`, manifest.bytes)
  const read = yield* readFull(manifest, table, matching, copied, bar.advance)
  yield* Effect.forEach(read.findings, report)
  const names = columnNames(description, projected.excluded, fulls, namesIn(schemas))
  const { changes, pending, disordered } = yield* readChanges(
    snapshot,
    live,
    manifest,
    incs.objects,
    matching,
    stored,
    names,
    report,
  )
  const newest = Option.flatMapNullishOr(snapshot.watermark, ({ objects }) => objects.get(source.dataset))
  const twiceAdvice = disordered
    ? yield* reportDisorder(
        workbench,
        incs.objects,
        Option.getOrUndefined(newest),
        table.isPartitioned,
        report,
      )
    : []

  const replay = yield* workbench.replay({
    table,
    live: live.stored,
    copied,
    changes: stored,
    mayRepeat: disordered,
  })
  const found = {
    full: manifest.object,
    changes,
    waiting: pending,
    unknown: names.unknown(),
    advice: twiceAdvice,
  }
  if (replay.unidentified > 0) {
    return verdict({
      ...found,
      incomparable: unfollowedAdvice(name, replay.unidentified, description),
    })
  }
  const differences = yield* reportDifferences(replay, report)
  const added = projected.columns
    .filter((column) => isAddedAfter(column, manifest.columns))
    .map(({ name }) => name)
  return verdict({
    ...found,
    rebuilt: Option.getOrElse(rows, () => 0) - differences.missing + differences.extra,
    advice: [
      ...twiceAdvice,
      ...(added.some((column) => differences.columns.has(column)) ? [addedColumnAdvice(name, added)] : []),
    ],
  })
}, Effect.scoped)
