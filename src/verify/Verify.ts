/**
 * `verify`: rebuilds each table from the lake and compares it with the table. Writers may run meanwhile:
 * `ComparisonSnapshot.ts` explains how both sides are read at one snapshot.
 */
import { Console, Effect, Option, Result, Stream } from "effect"
import { datasetProjection } from "../columns/DatasetProjection.ts"
import { knownColumns } from "../columns/NewColumns.ts"
import * as Lsn from "../core/Lsn.ts"
import type { LakeFolders, Watermark } from "../core/lake/Watermark.ts"
import type { SourceTable } from "../core/source/SourceTable.ts"
import { tablesIn } from "../core/tables/TableSelection.ts"
import { escapeUnprintable, printable } from "../core/text/PrintableText.ts"
import { type Fulls, listFulls } from "../lake/LakeInventory.ts"
import { lakeLayout } from "../lake/LakeLayout.ts"
import { limitedRetry, retrying } from "../retry/RetryPolicy.ts"
import { LakeComparison } from "../services/lake/LakeComparison.ts"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import { Settings } from "../settings/Settings.ts"
import { selectionWarnings, visitedTables } from "../tables/ConfiguredTables.ts"
import { type ComparisonReport, jsonReport, textReport } from "./report/ComparisonReport.ts"
import { countFindings } from "./report/FindingCounter.ts"
import { endWith } from "./report/Outcome.ts"
import { readOlder } from "./rows/OlderCopies.ts"
import { type ComparisonSnapshot, takeComparisonSnapshot } from "./snapshot/ComparisonSnapshot.ts"
import { withDiskNeeded } from "./snapshot/DiskNeeded.ts"
import { checkBeforeCopying, checkCopySource } from "./snapshot/LakeAndSlot.ts"
import { leftNote } from "./table/Incomplete.ts"
import { type Containment, containment, type TableFailure } from "./table/TableFailure.ts"
import { failedVerdict, type TableVerdict, tableVerdict } from "./table/TableVerdict.ts"

/** What the lake has of a table, or why that could not be read. */
interface Listed {
  readonly source: SourceTable
  readonly fulls: Result.Result<Fulls, TableFailure>
}

const withOlderRead = Effect.fnUntraced(function* (dataset: string, fulls: Fulls) {
  const found = yield* readOlder(dataset, fulls)
  return { ...fulls, findings: [...fulls.findings, ...found] }
})

/** Runs before the snapshot is taken: a copy that is finished after it would hold rows that the snapshot does not see. */
const listTables = Effect.fnUntraced(function* (
  tables: ReadonlyArray<SourceTable>,
  layout: LakeFolders,
  all: boolean,
  { contain }: Containment,
) {
  const listed = yield* Effect.forEach(tables, (source) =>
    Effect.map(contain(listFulls(layout, source.dataset)), (fulls): Listed => ({ source, fulls })),
  )
  const identity = yield* retrying(limitedRetry, checkBeforeCopying)
  const checked = Effect.fnUntraced(function* (source: SourceTable, fulls: Fulls) {
    if (Option.isSome(fulls.newest)) yield* checkCopySource(source, identity, fulls.newest.value)
    return all ? yield* withOlderRead(source.dataset, fulls) : fulls
  })
  return yield* Effect.forEach(listed, ({ source, fulls }) =>
    Result.isFailure(fulls)
      ? Effect.succeed<Listed>({ source, fulls })
      : Effect.map(contain(checked(source, fulls.success)), (read): Listed => ({ source, fulls: read })),
  )
})

const compareAll = Effect.fnUntraced(function* (report: ComparisonReport, all: boolean) {
  const { layout: wanted } = yield* Settings
  // Tests the access by a listing alone, so that read-only credentials are enough.
  const { list } = yield* ObjectStore
  yield* retrying(limitedRetry, Stream.runHead(list("inc/")))
  const watermarks = yield* WatermarkStore
  const { layout, selection, watermark } = yield* retrying(
    limitedRetry,
    Effect.gen(function* () {
      const watermark = yield* watermarks.read
      const found = yield* lakeLayout(yield* visitedTables(watermark), wanted, watermark)
      return { ...found, watermark }
    }),
  )
  yield* Effect.forEach(selectionWarnings(selection), (text) => Effect.logWarning(text), { discard: true })
  const tables = tablesIn(selection)
  const contained = containment()
  const listed = yield* listTables(tables, layout, all, contained)
  return yield* Effect.scoped(compareNow(report, layout, watermark, listed, contained))
})

const compareNow = Effect.fnUntraced(function* (
  report: ComparisonReport,
  layout: LakeFolders,
  watermark: Option.Option<Watermark>,
  listed: ReadonlyArray<Listed>,
  { contain }: Containment,
) {
  const comparison = yield* LakeComparison
  const workbench = yield* comparison.open
  const readable = listed.flatMap(({ source, fulls }) =>
    Result.isSuccess(fulls) ? [{ source, fulls: fulls.success }] : [],
  )
  const explain = withDiskNeeded(layout, readable)
  const { tables, columns } = yield* Settings
  const wanted = yield* Effect.forEach(readable, ({ source, fulls }) => {
    const projection = datasetProjection(columns, tables, source.dataset, [source.table])
    const known = retrying(limitedRetry, knownColumns(layout, source.dataset, projection, watermark))
    return Effect.map(known, (found) => ({ source, isInLake: Option.isSome(fulls.newest), known: found }))
  })
  const snapshot = yield* takeComparisonSnapshot(workbench, layout, wanted, explain)
  yield* report.begin({ lsn: Lsn.print(snapshot.lsn), snapshot: snapshot.id })
  const verdicts: Array<TableVerdict> = []
  for (const { source, fulls } of listed) {
    yield* report.beginTable(source.dataset)
    const counter = countFindings((finding) => report.finding(source.dataset, finding))
    const live = snapshot.tables.find((table) => table.source === source)
    const failure = Result.isFailure(fulls) ? fulls.failure : snapshot.failed.get(source)
    const compared =
      failure !== undefined || live === undefined || Result.isFailure(fulls)
        ? Result.fail(failure ?? notCopied)
        : yield* contain(
            tableVerdict(workbench, snapshot, live, { source, layout, fulls: fulls.success }, counter).pipe(
              Effect.catch(explain),
            ),
          )
    const verdict = Result.getOrElse(compared, (why) => failedVerdict(source, counter, why))
    yield* report.endTable(verdict)
    verdicts.push(verdict)
  }
  yield* report.end({
    equal: verdicts.every(({ exit }) => exit === 0),
    note: noteOf(
      snapshot,
      listed.map(({ source }) => source.dataset),
    ),
  })
  return verdicts
})

const notCopied: TableFailure = { why: "It was not copied. Run `verify` again.", exit: 1 }

const noteOf = (snapshot: ComparisonSnapshot, configured: ReadonlyArray<string>): string | undefined => {
  const notes = [...lakeOnlyNote(snapshot), ...Option.toArray(leftNote(snapshot.watermark, configured))]
  return notes.length === 0 ? undefined : notes.join(" ")
}

const lakeOnlyNote = ({ pending, watermark }: ComparisonSnapshot): ReadonlyArray<string> => {
  if (Result.isSuccess(pending)) return []
  const reached = Option.match(watermark, {
    onNone: () => "(there is none)",
    onSome: ({ position }) => Lsn.print(position),
  })
  return [
    `Compared with the lake alone, up to its watermark ${reached}; later commits count as missing. ${pending.failure}`,
  ]
}

export interface VerifyMode {
  readonly json: boolean
  /** Checks the older copies as well as the newest one. */
  readonly all: boolean
}

/**
 * Succeeds if lake and tables are equal. A table that cannot be compared is reported with the reason, and the others are
 * compared. The gravest verdict decides the exit code (`Outcome.ts`).
 */
export const verify = Effect.fn("Verify.verify")(function* ({ json, all }: VerifyMode) {
  const report = json
    ? jsonReport((line) => Console.log(escapeUnprintable(line)))
    : textReport((line) => Console.log(printable(line)))
  yield* endWith(yield* compareAll(report, all))
})
