/**
 * `doctor`: checks everything that `full` and `cdc` need. Reads the facts of source and lake at the same time, decides them as
 * data, and prints all findings. After a failed check the others go on; those that depend on it are reported as not checked.
 */
import { Console, Deferred, Effect, Option, Result, Schema } from "effect"
import { decideStart } from "../cdc/start/StartDecision.ts"
import { namedTables } from "../core/tables/TableEntry.ts"
import { type TableSelection, tablesIn } from "../core/tables/TableSelection.ts"
import type { TerminalStyle } from "../core/text/TerminalStyle.ts"
import { limitedRetry, retrying } from "../retry/RetryPolicy.ts"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import type { RowFormat } from "../services/lake/RowFormat.ts"
import type { StoreAdmin } from "../services/lake/StoreAdmin.ts"
import { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import { Spool } from "../services/Spool.ts"
import { type Inspection, SourceInspection } from "../services/source/SourceInspection.ts"
import { Settings } from "../settings/Settings.ts"
import { configuredTables, namedSelection } from "../tables/ConfiguredTables.ts"
import { failureFinding } from "./FailureFinding.ts"
import { count, type Finding, failed, ok, type Section, unchecked } from "./Finding.ts"
import { printJson, printTable, summary } from "./FindingTable.ts"
import { askLake, type LakeAnswers } from "./lake/LakeChecks.ts"
import { columnFindings } from "./source/ColumnFindings.ts"
import { patternFindings } from "./source/PatternFindings.ts"
import { notConnected } from "./source/ServerFindings.ts"
import { lakeAndSlotCheck, lakeAndSlotFinding, missingSlot, type Start } from "./source/SlotFindings.ts"
import {
  askSource,
  isStandby,
  type SourceAnswers,
  sourceFindings,
  sourceUnasked,
} from "./source/SourceChecks.ts"
import { decideTables } from "./source/TableAnswers.ts"

/** At least one check failed: exit 1. */
export class ChecksFailed extends Schema.TaggedError<ChecksFailed>()("ChecksFailed", {
  summary: Schema.String,
}) {
  override get message(): string {
    return `doctor: ${this.summary}. \`full\` or \`cdc\` would fail. Each finding says what to do.`
  }
}

/**
 * The lake with the watermark as it is now. A running `cdc` advances lake, watermark and slot in this order, and the slot was
 * read beside the lake: it may have been read later, and a healthy `cdc` would look out of order.
 */
const afterSlot = Effect.fnUntraced(function* (lake: LakeAnswers) {
  const { read } = yield* WatermarkStore
  const now = yield* Effect.option(retrying(limitedRetry, read))
  return { ...lake, watermark: Option.isSome(lake.watermark) && Option.isSome(now) ? now : lake.watermark }
})

/** Returns what a start of `cdc` would decide. The flushed LSN is read after the watermark, which must not be beyond it. */
const startOf = Effect.fnUntraced(function* (
  inspection: Inspection,
  answers: SourceAnswers,
  { watermark }: LakeAnswers,
) {
  const { slot: slotName } = yield* Settings
  const { slot, identity } = answers
  const now = yield* Effect.result(inspection.slot(slotName))
  const known = Result.all({ slot, identity, now })
  if (Result.isFailure(known) || Option.isNone(watermark) || isStandby(answers)) return Option.none<Start>()
  const existing = known.success.slot.slot
  const usable = Option.filter(existing, (one) => one.isHere && Option.contains(one.plugin, "test_decoding"))
  if (Option.isSome(existing) && Option.isNone(usable)) return Option.none<Start>()
  const { flushed } = known.success.now
  const decided = decideStart({
    slotName,
    source: known.success.identity,
    view: { slot: usable, flushed },
    watermark: watermark.value,
  })
  return Option.some<Start>({ decided, flushed })
})

/** Returns the tables with the decision of `cdc` about each, as far as source and lake answered. */
const tablesOf = Effect.fnUntraced(function* (
  inspection: Inspection,
  answers: SourceAnswers,
  lake: LakeAnswers,
) {
  const known = Result.all({ slot: answers.slot, identity: answers.identity })
  if (Result.isFailure(known) || isStandby(answers)) return { tables: answers.tables, failures: [] }
  return yield* decideTables(inspection, answers.tables, known.success, lake).pipe(
    Effect.map((tables) => ({ tables, failures: [] })),
    Effect.catch((error) =>
      Effect.succeed({ tables: answers.tables, failures: [failureFinding("tables", error)] }),
    ),
  )
})

interface Resolved {
  readonly selection: TableSelection
  readonly failures: ReadonlyArray<Finding>
}

/** Resolves the patterns as `cdc` does: a dataset of the lake stays with its table. */
const resolvedTables = Effect.fnUntraced(function* (
  inspection: Inspection,
): Effect.fn.Return<Resolved, never, Settings | WatermarkStore> {
  const { tables: entries } = yield* Settings
  const watermark = Option.flatten(yield* Effect.option(Effect.flatMap(WatermarkStore, ({ read }) => read)))
  return yield* Effect.match(configuredTables(inspection, watermark), {
    onSuccess: (selection): Resolved => ({ selection, failures: [] }),
    onFailure: (error) => ({
      selection: namedSelection(entries),
      failures: [failureFinding("patterns", error)],
    }),
  })
})

/** Checks the temporary folder: a transaction beyond 2 MiB is spilled to a file, and a container may be read-only. */
const machine = Effect.map(
  Effect.result(
    Effect.scoped(
      Effect.flatMap(Spool, ({ open }) => Effect.flatMap(open, (file) => file.append(new Uint8Array(1)))),
    ),
  ),
  (written): Section => ({
    name: "machine",
    location: "where this runs",
    findings: [
      Result.isSuccess(written)
        ? ok("temporary files", "can be written, as large transactions need")
        : failed("temporary files", written.failure.detail, {
            advice: "Set TMPDIR to a folder that this user can write, with room for the largest transaction.",
          }),
    ],
  }),
)

/** Runs all checks. Leaves nothing changed. */
export const examine: Effect.Effect<
  ReadonlyArray<Section>,
  never,
  Settings | SourceInspection | ObjectStore | StoreAdmin | RowFormat | WatermarkStore | Spool
> = Effect.gen(function* () {
  const source = yield* SourceInspection
  const store = yield* ObjectStore
  const { tables: entries, columns, slot, fullParallel } = yield* Settings
  const readers = Option.getOrElse(fullParallel, () => 1)

  const resolved = yield* Deferred.make<Resolved>()
  const asked = retrying(limitedRetry, source.connect).pipe(
    Effect.flatMap((inspection) =>
      Effect.gen(function* () {
        const tables = yield* resolvedTables(inspection)
        yield* Deferred.succeed(resolved, tables)
        return { inspection, answers: yield* askSource(inspection, tablesIn(tables.selection)) }
      }),
    ),
    Effect.ensuring(Deferred.succeed(resolved, { selection: namedSelection(entries), failures: [] })),
    Effect.result,
  )
  const here = yield* machine
  const selection = Effect.map(Deferred.await(resolved), (tables) => tables.selection)
  const [answered, beside] = yield* Effect.all([asked, askLake(selection)], { concurrency: 2 })
  const about = { name: "lake", location: store.location }
  if (Result.isFailure(answered)) {
    const notCompared = unchecked(lakeAndSlotCheck, "there is no connection to the source")
    return [
      {
        name: "source",
        location: source.location,
        findings: [...notConnected(answered.failure, source), ...sourceUnasked(slot, namedTables(entries))],
      },
      { ...about, findings: [...beside.findings, notCompared] },
      here,
    ]
  }
  const { inspection, answers } = answered.success
  const lake = yield* afterSlot(beside)
  const start = yield* startOf(inspection, answers, lake)
  const usable = new Set(tablesIn(lake.selection).map(({ dataset }) => dataset))
  const known = { ...answers, tables: answers.tables.filter(({ source }) => usable.has(source.dataset)) }
  const { tables, failures } = yield* tablesOf(inspection, known, lake)
  return [
    {
      name: "source",
      location: source.location,
      findings: [
        ...sourceFindings({ ...answers, tables }, source, slot, missingSlot(start), readers),
        ...patternFindings(entries, lake.selection),
        ...columnFindings(columns, tables),
        ...(yield* Deferred.await(resolved)).failures,
        ...failures,
      ],
    },
    { ...about, findings: [...lake.findings, lakeAndSlotFinding(start)] },
    here,
  ]
}).pipe(Effect.scoped)

/** Prints the findings. Fails with `ChecksFailed` if `full` or `cdc` would fail. */
export const doctor = Effect.fn("Doctor.doctor")(function* (form: "json" | TerminalStyle) {
  const sections = yield* examine
  yield* Console.log(form === "json" ? printJson(sections) : printTable(sections, form))
  if (count(sections, "failed") > 0) return yield* new ChecksFailed({ summary: summary(sections) })
})
