/** Holds the lake to one table: its objects to what they promise, and what they make together to the table's rows. */
import { Effect, Option, Result, Stream } from "effect"
import { addedColumnAdvice, type ComparedTable, unfollowedAdvice } from "../core/ComparedTable.ts"
import type { Finding } from "../core/LakeFinding.ts"
import * as Lsn from "../core/Lsn.ts"
import type { Manifest } from "../core/Manifest.ts"
import * as Sql from "../core/ReplaySql.ts"
import { snapshotView } from "../core/SnapshotView.ts"
import { printTable } from "../core/SourceTable.ts"
import type { Layout } from "../core/Watermark.ts"
import { type Fulls, listIncs } from "../lake/LakeInventory.ts"
import type { RowFile, Workbench } from "../services/LakeComparison.ts"
import { ObjectStore, type StoredObject } from "../services/ObjectStore.ts"
import { Progress } from "../services/Progress.ts"
import { type ColumnNames, columnNames, type UnknownColumn } from "./ColumnNames.ts"
import { unescaped } from "./ComparableRows.ts"
import { readFull } from "./FullReading.ts"
import { beforeAll, type Change, isAfter, type Place, readInc, readPlaces } from "./IncReading.ts"
import type { LiveTable, Moment } from "./Moment.ts"

/** Findings are told one by one: they can be as many as the table has rows. */
export type Tell = (finding: Finding) => Effect.Effect<void>

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

const later = (a: Place, b: Place): Place => (isAfter(a, b) ? a : b)

/** The changes of the lake, and those of the slot that a writer would still write. */
const readChanges = Effect.fnUntraced(function* (
  moment: Moment,
  { source, table }: LiveTable,
  manifest: Manifest,
  objects: ReadonlyArray<StoredObject>,
  file: RowFile,
  names: ColumnNames,
  tell: Tell,
) {
  const store = yield* ObjectStore
  const progress = yield* Progress
  const bar = yield* progress.show(
    `verify ${source.dataset}: inc`,
    objects.reduce((sum, { bytes }) => sum + bytes, 0),
  )
  const copied = Option.flatMap(Lsn.parse(manifest.lsn), (lsn) => snapshotView(manifest.snapshot, lsn))
  const isNew = ({ lsn, xid }: Change) =>
    moment.sees(lsn, xid) && !Option.exists(copied, (sees) => sees(lsn, xid))
  let last = beforeAll
  let counted = 0
  let disordered = false
  for (const [i, { key }] of objects.entries()) {
    const read = yield* readInc(store, key, i, last, { table, file, counts: isNew, onBytes: bar.advance })
    yield* Effect.forEach(read.findings, tell)
    names.see(key, read.columns)
    last = read.last
    counted += read.counted
    disordered ||= read.disordered
  }
  const waiting = Result.isFailure(moment.waiting)
    ? 0
    : yield* readWaiting(moment.waiting.success, moment, source.dataset, last, isNew, objects.length, {
        table,
        file,
      })
  return { changes: counted + waiting, waiting, disordered }
}, Effect.scoped)

/**
 * What the watermark covers, or stands before the newest row of the lake, no writer will write: there the lake is held to
 * what it has, although the slot may still know better.
 */
const readWaiting = Effect.fnUntraced(function* (
  store: ObjectStore["Service"],
  moment: Moment,
  dataset: string,
  newest: Place,
  isNew: (change: Change) => boolean,
  firstNumber: number,
  { table, file }: { readonly table: ComparedTable; readonly file: RowFile },
) {
  const covered = Option.match(moment.watermark, {
    onNone: () => beforeAll,
    onSome: ({ position }): Place => ({ lsn: Lsn.printSortable(position), seq: Number.MAX_SAFE_INTEGER }),
  })
  const after = later(covered, newest)
  const counts = (change: Change) => isAfter(change, after) && isNew(change)
  const objects = yield* Stream.runCollect(store.list(`inc/${dataset}/`))
  let counted = 0
  for (const [i, { key }] of objects.entries()) {
    const read = yield* readInc(store, key, firstNumber + i, beforeAll, {
      table,
      file,
      counts,
      onBytes: () => {},
    })
    counted += read.counted
  }
  return counted
})

/** Changes that stand twice, and objects whose rows do not follow those before them. */
const tellDisorder = Effect.fnUntraced(function* (
  workbench: Workbench,
  objects: ReadonlyArray<StoredObject>,
  tell: Tell,
) {
  const store = yield* ObjectStore
  const file = yield* workbench.file("places.csv")
  for (const [i, { key }] of objects.entries()) yield* readPlaces(store, key, i, file)
  yield* workbench.run(Sql.loadPlaces(file.path))
  const keyOf = (object: string | null | undefined) => objects[Number(object)]?.key ?? ""
  yield* Stream.runForEach(workbench.rows(Sql.doubledQuery), ([lsn, seq, where]) => {
    const places = (where ?? "").split(",").map((place) => place.split(":"))
    const objects = places.map(([object, line]) => `${keyOf(object)} row ${line}`)
    return tell({ kind: "twice", lsn: lsn ?? "", seq: Number(seq), objects })
  })
  yield* Stream.runForEach(workbench.rows(Sql.disorderedQuery), ([object, line]) =>
    tell({
      kind: "order",
      object: keyOf(object),
      why: `row ${line} stands after rows that were committed later`,
    }),
  )
}, Effect.scoped)

const firstText = (workbench: Workbench, query: string) =>
  Effect.map(Stream.runHead(workbench.rows(query)), (row) => Option.getOrUndefined(row)?.[0] ?? null)

const printable = (value: string | null | undefined) => (value == null ? null : unescaped(value))

interface RowDifferences {
  readonly missing: number
  readonly extra: number
  /** Columns in which rows differ. */
  readonly columns: ReadonlySet<string>
}

const compareKeyed = Effect.fnUntraced(function* (workbench: Workbench, table: ComparedTable, tell: Tell) {
  yield* workbench.run(Sql.stepStatements(table))
  const unsent = yield* Stream.runCollect(workbench.rows(Sql.unsentQuery))
  const places = Sql.unsentPlaces(unsent.map(([found]) => found ?? ""))
  if (places.length > 0) yield* workbench.run(Sql.mendStatements(table, places))
  yield* workbench.run([Sql.rebuiltStatement(table, places), Sql.differingStatement(table)])
  const counts = { missing: 0, extra: 0, columns: new Set<string>() }
  const nameOf = (place: number | string): string => table.columns[Number(place)] ?? ""
  const keyOf = (values: ReadonlyArray<string | null>) =>
    table.key.map((place, i) => [nameOf(place), printable(values[i])] as const)
  if (Number(yield* firstText(workbench, Sql.differentCount)) > 0) {
    yield* workbench.run(Sql.partStatements(table))
    yield* Stream.runForEach(workbench.rows(Sql.differentColumns(table)), ([differing, ...values]) => {
      const columns = (differing ?? "").split(",").map(nameOf)
      for (const column of columns) counts.columns.add(column)
      return tell({ kind: "different", key: keyOf(values), columns })
    })
  }
  yield* Stream.runForEach(workbench.rows(Sql.oneSided(table)), ([found, ...values]) => {
    const kind = found === "extra" ? "extra" : "missing"
    counts[kind]++
    return tell({ kind, key: keyOf(values) })
  })
  const found: RowDifferences = counts
  return found
})

const compareCounted = Effect.fnUntraced(function* (workbench: Workbench, table: ComparedTable, tell: Tell) {
  const counts = { missing: 0, extra: 0 }
  yield* Stream.runForEach(workbench.rows(Sql.countedDifferences(table)), ([found, times, digest]) => {
    const kind = found === "extra" ? "extra" : "missing"
    const rows = Number(times)
    counts[kind] += rows
    return tell({ kind, rows, digest: digest ?? "" })
  })
  const found: RowDifferences = { ...counts, columns: new Set() }
  return found
})

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
