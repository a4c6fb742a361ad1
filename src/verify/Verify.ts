/**
 * `verify`: rebuilds each table from the lake and compares it with the table. Writers may go on meanwhile: `Moment.ts`
 * tells how a moment is found at which both sides can be compared.
 */
import { Console, Effect, Option, Result, Stream } from "effect"
import * as Lsn from "../core/Lsn.ts"
import type { Layout } from "../core/lake/Watermark.ts"
import type { SourceTable } from "../core/source/SourceTable.ts"
import { escapeUnprintable, printable } from "../core/text/PrintableText.ts"
import { type Fulls, listFulls } from "../lake/LakeInventory.ts"
import { lakeLayout } from "../lake/LakeLayout.ts"
import { limitedRetry, retrying } from "../retry/RetryPolicy.ts"
import { LakeComparison } from "../services/lake/LakeComparison.ts"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import { Settings } from "../settings/Settings.ts"
import { endWith } from "./report/Outcome.ts"
import { jsonReport, type Report, textReport } from "./report/Report.ts"
import { counting } from "./report/Tell.ts"
import { readOlder } from "./rows/OlderCopies.ts"
import { type Moment, takeMoment } from "./snapshot/Moment.ts"
import { withRoomNeeded } from "./snapshot/RoomNeeded.ts"
import { checkBeforehand, checkManifest } from "./snapshot/Standing.ts"
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

/** Before the moment: a copy finished after it would hold rows that the moment does not. */
const listTables = Effect.fnUntraced(function* (
  tables: ReadonlyArray<SourceTable>,
  layout: Layout,
  all: boolean,
  { contain }: Containment,
) {
  const listed = yield* Effect.forEach(tables, (source) =>
    Effect.map(contain(listFulls(layout, source.dataset)), (fulls): Listed => ({ source, fulls })),
  )
  const identity = yield* retrying(limitedRetry, checkBeforehand)
  const checked = Effect.fnUntraced(function* (source: SourceTable, fulls: Fulls) {
    if (Option.isSome(fulls.newest)) yield* checkManifest(source, identity, fulls.newest.value)
    return all ? yield* withOlderRead(source.dataset, fulls) : fulls
  })
  return yield* Effect.forEach(listed, ({ source, fulls }) =>
    Result.isFailure(fulls)
      ? Effect.succeed<Listed>({ source, fulls })
      : Effect.map(contain(checked(source, fulls.success)), (read): Listed => ({ source, fulls: read })),
  )
})

const compareAll = Effect.fnUntraced(function* (report: Report, all: boolean) {
  const { tables, layout: wanted } = yield* Settings
  // Nothing is written there: who may only read can verify too.
  const { list } = yield* ObjectStore
  yield* retrying(limitedRetry, Stream.runHead(list("inc/")))
  const watermarks = yield* WatermarkStore
  const layout = yield* retrying(
    limitedRetry,
    Effect.flatMap(watermarks.read, (watermark) => lakeLayout(tables, wanted, watermark)),
  )
  const contained = containment()
  const listed = yield* listTables(tables, layout, all, contained)
  return yield* Effect.scoped(compareNow(report, layout, listed, contained))
})

const compareNow = Effect.fnUntraced(function* (
  report: Report,
  layout: Layout,
  listed: ReadonlyArray<Listed>,
  { contain }: Containment,
) {
  const comparison = yield* LakeComparison
  const workbench = yield* comparison.open
  const readable = listed.flatMap(({ source, fulls }) =>
    Result.isSuccess(fulls) ? [{ source, fulls: fulls.success }] : [],
  )
  const explain = withRoomNeeded(layout, readable)
  const wanted = readable.map(({ source, fulls }) => ({ source, isInLake: Option.isSome(fulls.newest) }))
  const moment = yield* takeMoment(workbench, layout, wanted, explain)
  yield* report.begin({ lsn: Lsn.print(moment.lsn), snapshot: moment.id })
  const verdicts: Array<TableVerdict> = []
  for (const { source, fulls } of listed) {
    yield* report.beginTable(source.dataset)
    const told = counting((finding) => report.tell(source.dataset, finding))
    const live = moment.tables.find((table) => table.source === source)
    const failure = Result.isFailure(fulls) ? fulls.failure : moment.failed.get(source)
    const compared =
      failure !== undefined || live === undefined || Result.isFailure(fulls)
        ? Result.fail(failure ?? neverCopied)
        : yield* contain(
            tableVerdict(workbench, moment, live, { source, layout, fulls: fulls.success }, told).pipe(
              Effect.catch(explain),
            ),
          )
    const verdict = Result.getOrElse(compared, (why) => failedVerdict(source, told, why))
    yield* report.endTable(verdict)
    verdicts.push(verdict)
  }
  yield* report.end({
    equal: verdicts.every(({ exit }) => exit === 0),
    note: noteOf(
      moment,
      listed.map(({ source }) => source.dataset),
    ),
  })
  return verdicts
})

/** A table is copied, or it is said why not. */
const neverCopied: TableFailure = { why: "It was not copied. Run `verify` again.", exit: 1 }

const noteOf = (moment: Moment, configured: ReadonlyArray<string>): string | undefined => {
  const notes = [...lakeAlone(moment), ...Option.toArray(leftNote(moment.watermark, configured))]
  return notes.length === 0 ? undefined : notes.join(" ")
}

const lakeAlone = ({ waiting, watermark }: Moment): ReadonlyArray<string> => {
  if (Result.isSuccess(waiting)) return []
  const reached = Option.match(watermark, {
    onNone: () => "(there is none)",
    onSome: ({ position }) => Lsn.print(position),
  })
  return [
    `Compared with the lake alone, as far as its watermark ${reached}; what was committed since then counts as missing. ${waiting.failure}`,
  ]
}

export interface VerifyMode {
  readonly json: boolean
  /** Reads older copies too, and not the newest alone. */
  readonly all: boolean
}

/**
 * Ends well where lake and tables are equal. A table that cannot be compared is named with the reason, and the others are
 * compared: it ends as the gravest verdict asks for (`Outcome.ts`).
 */
export const verify = Effect.fn("Verify.verify")(function* ({ json, all }: VerifyMode) {
  const report = json
    ? jsonReport((line) => Console.log(escapeUnprintable(line)))
    : textReport((line) => Console.log(printable(line)))
  yield* endWith(yield* compareAll(report, all))
})
