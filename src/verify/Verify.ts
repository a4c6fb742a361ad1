/**
 * `verify`: rebuilds each table from the lake and compares it with the table. Writers may go on meanwhile: `Moment.ts`
 * tells how a moment is found at which both sides can be compared.
 */
import { Console, Effect, Option, Result, Runtime, Schema, Stream } from "effect"
import * as Lsn from "../core/Lsn.ts"
import { escapeUnprintable, printable } from "../core/PrintableText.ts"
import type { SourceTable } from "../core/SourceTable.ts"
import type { Layout } from "../core/Watermark.ts"
import { type Fulls, listFulls, listIncs } from "../lake/LakeInventory.ts"
import { lakeLayout } from "../lake/LakeLayout.ts"
import { forAWhile, patiently } from "../Patience.ts"
import { ComparisonError, LakeComparison } from "../services/LakeComparison.ts"
import { ObjectStore } from "../services/ObjectStore.ts"
import { SourceTables } from "../services/SourceTables.ts"
import { WatermarkStore } from "../services/WatermarkStore.ts"
import { Settings } from "../settings/Settings.ts"
import { takeMoment } from "./Moment.ts"
import { readOlder } from "./OlderCopies.ts"
import { jsonReport, type Report, textReport } from "./Report.ts"
import { checkBeforehand } from "./Standing.ts"
import { type TableVerdict, tableVerdict } from "./TableVerdict.ts"

/** The lake does not tell what the table does, or is not what it promises to be: exit 4. */
export class DifferenceFound extends Schema.TaggedError<DifferenceFound>()("DifferenceFound", {
  tables: Schema.Array(Schema.String),
  findings: Schema.Int,
}) {
  override readonly [Runtime.errorExitCode] = 4
  override get message(): string {
    return `The lake differs in ${this.findings} ${this.findings === 1 ? "place" : "places"} (${this.tables.join(", ")}). Restore damaged objects from a copy, or run \`full\` again: readers and \`verify\` begin with the newest copy.`
  }
}

/** A table whose rows cannot be compared: exit 2. */
export class NotComparable extends Schema.TaggedError<NotComparable>()("NotComparable", {
  reasons: Schema.Array(Schema.String),
}) {
  override readonly [Runtime.errorExitCode] = 2
  override get message(): string {
    return this.reasons.join("\n")
  }
}

/** Asked only when there is too little: what the temporary files and the engine's own take at the most. */
const roomNeeded = Effect.fnUntraced(function* (layout: Layout, fulls: ReadonlyArray<FullsOf>) {
  const { tables } = yield* Settings
  const catalog = yield* SourceTables
  const sizes = yield* Effect.forEach(tables, ({ table, dataset }) =>
    Effect.gen(function* () {
      const { estimatedBytes } = yield* catalog.describe(table)
      const { objects } = yield* listIncs(layout, dataset, Option.none())
      return estimatedBytes + objects.reduce((sum, { bytes }) => sum + bytes, 0)
    }),
  )
  const copies = fulls.map(({ newest }) =>
    Option.match(newest, { onNone: () => 0, onSome: ({ bytes }) => bytes }),
  )
  const bytes = [...sizes, ...copies].reduce((sum, size) => sum + 2 * size, 0)
  return `${(bytes / 1e9).toFixed(1)} GB`
})

interface FullsOf extends Fulls {
  readonly source: SourceTable
}

const withOlderRead = (fulls: FullsOf) =>
  Effect.map(
    readOlder(fulls.source.dataset, fulls),
    (found): FullsOf => ({ ...fulls, findings: [...fulls.findings, ...found] }),
  )

const compareAll = Effect.fnUntraced(function* (report: Report, all: boolean) {
  const { tables, layout: wanted } = yield* Settings
  // Nothing is written there: who may only read can verify too.
  const { list } = yield* ObjectStore
  yield* patiently(forAWhile, () => Stream.runHead(list("inc/")))
  const watermarks = yield* WatermarkStore
  const layout = yield* patiently(forAWhile, () =>
    Effect.flatMap(watermarks.read, (watermark) => lakeLayout(tables, wanted, watermark)),
  )
  // Before the moment: a copy finished after it would hold rows that the moment does not.
  const listed = yield* Effect.forEach(tables, (source) =>
    Effect.map(listFulls(layout, source.dataset), (found): FullsOf => ({ ...found, source })),
  )
  yield* patiently(forAWhile, () => checkBeforehand(listed))
  const fulls = all ? yield* Effect.forEach(listed, withOlderRead) : listed
  return yield* Effect.scoped(compareNow(report, layout, fulls)).pipe(
    Effect.catchTag("ComparisonError", (error) =>
      error.reason === "Full"
        ? Effect.flatMap(withRoomNeeded(error, layout, fulls), Effect.fail)
        : Effect.fail(error),
    ),
  )
})

/** What ended it is told, whatever else goes wrong now. */
const withRoomNeeded = (error: ComparisonError, layout: Layout, fulls: ReadonlyArray<FullsOf>) =>
  roomNeeded(layout, fulls).pipe(
    Effect.map((room) => {
      const detail = `${error.detail}; up to ${room} are needed`
      return new ComparisonError({ reason: "Full", detail, cause: error })
    }),
    Effect.orElseSucceed(() => error),
  )

const compareNow = Effect.fnUntraced(function* (
  report: Report,
  layout: Layout,
  fulls: ReadonlyArray<FullsOf>,
) {
  const comparison = yield* LakeComparison
  const workbench = yield* comparison.open
  const moment = yield* takeMoment(workbench, (table) =>
    fulls.some(({ source, newest }) => source === table && Option.isSome(newest)),
  )
  yield* report.begin({ lsn: Lsn.print(moment.lsn), snapshot: moment.id })
  const verdicts: Array<TableVerdict> = []
  for (const [i, live] of moment.tables.entries()) {
    const known = fulls[i]
    if (known === undefined) continue
    yield* report.beginTable(live.source.dataset)
    const verdict = yield* tableVerdict(workbench, moment, live, layout, known, (finding) =>
      report.tell(live.source.dataset, finding),
    )
    yield* report.endTable(verdict)
    verdicts.push(verdict)
  }
  const note = Result.isFailure(moment.waiting)
    ? `Compared with the lake alone, as far as its watermark ${Option.match(moment.watermark, { onNone: () => "(there is none)", onSome: ({ position }) => Lsn.print(position) })}; what was committed since then counts as missing. ${moment.waiting.failure}`
    : undefined
  const differing = verdicts.filter(({ findings }) => findings > 0)
  yield* report.end({
    equal: differing.length === 0 && verdicts.every((one) => one.incomparable === null),
    note,
  })
  return verdicts
})

export interface VerifyMode {
  readonly json: boolean
  /** Reads older copies too, and not the newest alone. */
  readonly all: boolean
}

/** Ends well where lake and tables are equal. */
export const verify = Effect.fn("Verify.verify")(function* ({ json, all }: VerifyMode) {
  const report = json
    ? jsonReport((line) => Console.log(escapeUnprintable(line)))
    : textReport((line) => Console.log(printable(line)))
  const verdicts = yield* compareAll(report, all)
  const differing = verdicts.filter(({ findings }) => findings > 0)
  if (differing.length > 0) {
    return yield* new DifferenceFound({
      tables: differing.map(({ dataset }) => dataset),
      findings: differing.reduce((sum, { findings }) => sum + findings, 0),
    })
  }
  const reasons = verdicts.flatMap(({ incomparable }) => incomparable ?? [])
  if (reasons.length > 0) return yield* new NotComparable({ reasons })
})
