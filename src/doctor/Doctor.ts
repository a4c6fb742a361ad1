/**
 * Everything that `full` and `cdc` need, looked at before they miss it. Facts of source and lake are gathered side by
 * side, decided as data, and printed together. A check that fails ends no other; what depends on it is reported as not checked.
 */
import { Console, Effect, Option, Result, Schema } from "effect"
import { decideStart } from "../cdc/start/StartDecision.ts"
import type { TerminalStyle } from "../core/text/TerminalStyle.ts"
import { limitedRetry, retrying } from "../retry/RetryPolicy.ts"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import type { RowFormat } from "../services/lake/RowFormat.ts"
import type { StoreAdmin } from "../services/lake/StoreAdmin.ts"
import type { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import { Spool } from "../services/Spool.ts"
import { type Inspection, SourceInspection } from "../services/source/SourceInspection.ts"
import { Settings } from "../settings/Settings.ts"
import { failureFinding } from "./FailureFinding.ts"
import { count, failed, ok, type Section, unchecked } from "./Finding.ts"
import { printJson, printTable, summary } from "./FindingTable.ts"
import { askLake, type LakeAnswers } from "./lake/LakeChecks.ts"
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
 * What a start would say. A running `cdc` moves lake, watermark and slot forward, in this order: the slot was looked at
 * before the watermark was read, and the WAL position after it, so that a healthy one never seems out of order.
 */
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
  const found = known.success.slot.slot
  const usable = Option.filter(found, (one) => one.isHere && Option.contains(one.plugin, "test_decoding"))
  if (Option.isSome(found) && Option.isNone(usable)) return Option.none<Start>()
  const { flushed } = known.success.now
  const decided = decideStart({
    slotName,
    source: known.success.identity,
    view: { slot: usable, flushed },
    watermark: watermark.value,
  })
  return Option.some<Start>({ decided, flushed })
})

/** With what `cdc` makes of them, where source and lake say enough for that. */
const tablesOf = Effect.fnUntraced(function* (
  inspection: Inspection,
  answers: SourceAnswers,
  lake: LakeAnswers,
) {
  const known = Result.all({ slot: answers.slot, identity: answers.identity })
  if (Result.isFailure(known) || isStandby(answers)) return { tables: answers.tables, faults: [] }
  return yield* decideTables(inspection, answers.tables, known.success, lake).pipe(
    Effect.map((tables) => ({ tables, faults: [] })),
    Effect.catch((error) =>
      Effect.succeed({ tables: answers.tables, faults: [failureFinding("tables", error)] }),
    ),
  )
})

/** A transaction beyond 2 MiB waits in a temporary file: a container with a folder that is read-only has no place for it. */
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

/** Looks at everything, and judges. Changes nothing that stays. */
export const examine: Effect.Effect<
  ReadonlyArray<Section>,
  never,
  Settings | SourceInspection | ObjectStore | StoreAdmin | RowFormat | WatermarkStore | Spool
> = Effect.gen(function* () {
  const source = yield* SourceInspection
  const store = yield* ObjectStore
  const { tables: configured, slot, fullParallel } = yield* Settings
  const readers = Option.getOrElse(fullParallel, () => 1)

  const asked = retrying(limitedRetry, source.connect).pipe(
    Effect.flatMap((inspection) => Effect.map(askSource(inspection), (answers) => ({ inspection, answers }))),
    Effect.result,
  )
  const here = yield* machine
  const [answered, lake] = yield* Effect.all([asked, askLake], { concurrency: 2 })
  const about = { name: "lake", location: store.location }
  if (Result.isFailure(answered)) {
    const standing = unchecked(lakeAndSlotCheck, "there is no connection to the source")
    return [
      {
        name: "source",
        location: source.location,
        findings: [...notConnected(answered.failure, source), ...sourceUnasked(slot, configured)],
      },
      { ...about, findings: [...lake.findings, standing] },
      here,
    ]
  }
  const { inspection, answers } = answered.success
  const start = yield* startOf(inspection, answers, lake)
  const { tables, faults } = yield* tablesOf(inspection, answers, lake)
  return [
    {
      name: "source",
      location: source.location,
      findings: [
        ...sourceFindings({ ...answers, tables }, source, slot, missingSlot(start), readers),
        ...faults,
      ],
    },
    { ...about, findings: [...lake.findings, lakeAndSlotFinding(start)] },
    here,
  ]
}).pipe(Effect.scoped)

/** Prints the findings, and fails with `ChecksFailed` where `full` or `cdc` would. */
export const doctor = Effect.fn("Doctor.doctor")(function* (form: "json" | TerminalStyle) {
  const sections = yield* examine
  yield* Console.log(form === "json" ? printJson(sections) : printTable(sections, form))
  if (count(sections, "failed") > 0) return yield* new ChecksFailed({ summary: summary(sections) })
})
