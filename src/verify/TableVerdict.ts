/** Holds the lake to one table: its objects to what they promise, and what they make together to the table's rows. */
import { Effect, Option } from "effect"
import { addedColumnAdvice, unfollowedAdvice } from "../core/ComparedTable.ts"
import * as Sql from "../core/ReplaySql.ts"
import { printTable } from "../core/SourceTable.ts"
import type { Layout } from "../core/Watermark.ts"
import { type Fulls, listIncs } from "../lake/LakeInventory.ts"
import type { Workbench } from "../services/LakeComparison.ts"
import { Progress } from "../services/Progress.ts"
import { columnNames, type UnknownColumn } from "./ColumnNames.ts"
import { tellDisorder } from "./Disorder.ts"
import { readFull } from "./FullReading.ts"
import { readChanges } from "./LakeChanges.ts"
import type { LiveTable, Moment } from "./Moment.ts"
import { compareCounted, compareKeyed, firstText, type RowDifferences } from "./RowComparison.ts"
import type { Tell } from "./Tell.ts"

export interface TableVerdict {
  readonly dataset: string
  readonly table: string
  /** Key of the copy that was taken. */
  readonly full: string | null
  /** Rows of the table, and of what the lake makes of it; none where they were not asked for. */
  readonly rows: number | null
  readonly rebuilt: number | null
  /** Changes after the copy; those that the slot still holds are among them. */
  readonly changes: number
  readonly waiting: number
  readonly findings: number
  readonly ignored: ReadonlyArray<string>
  /** No difference: see `ColumnNames.ts`. */
  readonly unknown: ReadonlyArray<UnknownColumn>
  /** Why the rows could not be compared, with what to do; none where they were. */
  readonly incomparable: string | null
  readonly advice: ReadonlyArray<string>
}

/** Compares one table with what the lake makes of it, and tells every difference. */
export const tableVerdict = Effect.fn("TableVerdict.tableVerdict")(function* (
  workbench: Workbench,
  moment: Moment,
  live: LiveTable,
  layout: Layout,
  fulls: Fulls,
  tellAll: Tell,
) {
  const { source, table, shape, rows } = live
  const name = printTable(source.table)
  let findings = 0
  const tell: Tell = (finding) => {
    findings++
    return tellAll(finding)
  }
  const progress = yield* Progress
  const incs = yield* listIncs(layout, source.dataset, moment.watermark)
  yield* Effect.forEach([...fulls.findings, ...incs.findings], tell)
  const verdict = (more: Partial<TableVerdict>): TableVerdict => ({
    dataset: source.dataset,
    table: name,
    full: null,
    rows: Option.getOrNull(rows),
    rebuilt: null,
    changes: 0,
    waiting: 0,
    findings,
    ignored: [...fulls.ignored, ...incs.ignored],
    unknown: [],
    incomparable: null,
    advice: [],
    ...more,
  })
  if (Option.isSome(shape.notFollowed)) {
    return verdict({
      incomparable: `\`cdc\` cannot follow ${name}: ${shape.notFollowed.value}. Take it out of SOURCE_TABLES for \`verify\``,
    })
  }
  if (Option.isNone(fulls.newest)) {
    return verdict({ incomparable: `The lake holds no complete \`full\` of ${name}: run \`full\` first` })
  }
  const manifest = fulls.newest.value

  const copied = yield* workbench.file("copied.csv")
  const event = yield* workbench.file("event.csv")
  const bar = yield* progress.show(`verify ${source.dataset}: full`, manifest.bytes)
  const read = yield* readFull(manifest, table, copied, bar.advance)
  yield* Effect.forEach(read.findings, tell)
  const names = columnNames(shape, fulls)
  const { changes, waiting, disordered } = yield* readChanges(
    moment,
    live,
    manifest,
    incs.objects,
    event,
    names,
    tell,
  )
  if (disordered) yield* tellDisorder(workbench, incs.objects, tell)

  const files = { live: live.file.path, copied: copied.path, event: event.path }
  yield* workbench.run(Sql.loadStatements(table, files, disordered))
  const told = { full: manifest.object, changes, waiting, unknown: names.unknown() }
  const unfollowed = Number(yield* firstText(workbench, Sql.unfollowedQuery(table)))
  if (unfollowed > 0) {
    return verdict({
      ...told,
      incomparable: unfollowedAdvice(name, unfollowed, shape),
    })
  }
  const differences: RowDifferences =
    table.key.length > 0
      ? yield* compareKeyed(workbench, table, tell)
      : yield* compareCounted(workbench, table, tell)
  yield* workbench.run(Sql.clearStatements)
  const before = manifest.columns.map((column) => column.name)
  const added = table.columns.filter((column) => !before.includes(column))
  return verdict({
    ...told,
    rebuilt: Option.getOrElse(rows, () => 0) - differences.missing + differences.extra,
    advice: added.some((column) => differences.columns.has(column)) ? [addedColumnAdvice(name, added)] : [],
  })
}, Effect.scoped)
