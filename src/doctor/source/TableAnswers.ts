/** The source's facts of each table, with the decision of `cdc` and the state of its dataset. */
import { Effect, Option, Result } from "effect"
import { checkOwner } from "../../cdc/start/StartDecision.ts"
import { planEach, type TableDecision, tableNow } from "../../cdc/tables/PlannedTable.ts"
import { startFacts } from "../../cdc/tables/StartTables.ts"
import { incompleteNotice, noticeOf } from "../../cdc/tables/TableNotice.ts"
import { knownColumns } from "../../columns/NewColumns.ts"
import { type Projection, projectionFor } from "../../core/columns/Projection.ts"
import type { DatasetCompleteness } from "../../core/lake/DatasetState.ts"
import type { SourceTable } from "../../core/source/SourceTable.ts"
import { childrenLeftOut } from "../../core/tables/SharedRows.ts"
import { datasetCompleteness } from "../../lake/DatasetCompleteness.ts"
import { forEachDataset } from "../../lake/ForEachDataset.ts"
import { Refusal } from "../../services/Refusal.ts"
import { SourceError } from "../../services/source/SourceError.ts"
import type { Inspection, SlotSnapshot, TableFacts } from "../../services/source/SourceInspection.ts"
import type { SourceIdentity } from "../../services/source/SourceTables.ts"
import { Settings } from "../../settings/Settings.ts"
import { failureFinding } from "../FailureFinding.ts"
import { type Finding, failed, note, warning } from "../Finding.ts"
import type { LakeAnswers } from "../lake/LakeChecks.ts"
import { tableCheck, tableFindings } from "./TableFindings.ts"

export interface TableAnswer {
  readonly source: SourceTable
  /** Of its columns. Undefined if all are kept. */
  readonly projection: Projection | undefined
  /** Facts of the table that has the name now, or of the renamed table. */
  readonly facts: Result.Result<TableFacts, SourceError>
  /** None if it cannot be decided, or nothing has begun. */
  readonly decision: Option.Option<TableDecision>
  /** None if unknown. */
  readonly completeness: Option.Option<DatasetCompleteness>
}

export const askTables = Effect.fnUntraced(function* (
  inspection: Inspection,
  tables: ReadonlyArray<SourceTable>,
) {
  const { columns } = yield* Settings
  const all = yield* Effect.result(inspection.tables(tables.map(({ table }) => table)))
  return tables.map(
    (source, i): TableAnswer => ({
      source,
      projection: projectionFor(columns, [source.table]),
      facts: Result.map(factsAt(all, i), (known) => withoutListedChildren(known, tables)),
      decision: Option.none(),
      completeness: Option.none(),
    }),
  )
})

type AllFacts = Effect.Success<ReturnType<Inspection["tables"]>>

/** A failure of the query is that of each table. */
const factsAt = (
  all: Result.Result<AllFacts, SourceError>,
  i: number,
): Result.Result<TableFacts, SourceError> => Result.flatMap(all, (facts) => facts[i] ?? Result.fail(noAnswer))

const noAnswer = new SourceError({
  reason: "Failed",
  subject: "catalog",
  detail: "it has no answer about a table",
})

/** The rows of child tables that are configured are in datasets of their own. */
const withoutListedChildren = (facts: TableFacts, tables: ReadonlyArray<SourceTable>): TableFacts => {
  const { children } = facts.description
  if (children === undefined) return facts
  return { ...facts, description: { ...facts.description, children: childrenLeftOut(children, tables) } }
}

interface SourceKnown {
  readonly identity: SourceIdentity
  readonly slot: SlotSnapshot
}

/** Returns the answers with the decisions. Fails with `SourceError` or `StoreError` if source or lake do not answer. */
export const decideTables = Effect.fn("TableAnswers.decideTables")(function* (
  inspection: Inspection,
  answers: ReadonlyArray<TableAnswer>,
  { identity, slot }: SourceKnown,
  lake: LakeAnswers,
) {
  const { slot: slotName } = yield* Settings
  const known = Option.all({ watermark: lake.watermark, layout: lake.layout })
  if (Option.isNone(known)) return answers
  const { watermark, layout } = known.value
  // OIDs of another server or database are not valid here.
  if (Result.isFailure(checkOwner({ slotName, source: identity, watermark }))) return answers
  const position = Option.orElse(
    Option.map(watermark, (lines) => lines.position),
    () => Option.map(slot.slot, ({ confirmed }) => confirmed),
  )
  if (Option.isNone(position)) return answers
  const tables = answers.map(({ source }) => source)
  const facts = yield* startFacts(inspection, tables, layout, watermark, position.value, slot.flushed)
  const decisions = planEach(facts)
  const slotBegin = Option.map(slot.slot, ({ confirmed }) => confirmed)
  const decided = yield* Effect.forEach(answers, (answer, i) =>
    withDecision(inspection, answer, decisions[i]),
  )
  return yield* forEachDataset(
    decided.map((answer, i) => ({ answer, decision: decisions[i] })),
    Effect.fnUntraced(function* ({ answer, decision }) {
      const { dataset } = answer.source
      const completeness = yield* datasetCompleteness(layout, {
        watermark,
        slotBegin,
        dataset,
        isConfigured: true,
        isInLake: facts.withObjects.has(dataset),
        table: tableNow(decision),
      })
      const known = yield* knownColumns(layout, dataset, answer.projection, watermark)
      const columns = Result.isSuccess(answer.facts) ? answer.facts.success.description.columns : []
      return { ...answer, projection: answer.projection?.knowing(known).ofColumns(columns), completeness }
    }),
  )
})

const withDecision = Effect.fnUntraced(function* (
  inspection: Inspection,
  answer: TableAnswer,
  decision: TableDecision | undefined,
) {
  if (decision === undefined) return answer
  const { planned } = decision
  const decided: TableAnswer = { ...answer, decision: Option.some(decision) }
  if (Result.isFailure(planned) || planned.success.kind._tag !== "Renamed") return decided
  const { to } = planned.success.kind
  const { columns } = yield* Settings
  return {
    ...decided,
    projection: projectionFor(columns, [answer.source.table, to]),
    facts: factsAt(yield* Effect.result(inspection.tables([to])), 0),
  }
})

const factFindings = (
  source: SourceTable,
  { facts, projection }: TableAnswer,
  role: string,
): ReadonlyArray<Finding> =>
  Result.match(facts, {
    onFailure: (error) => [failureFinding(tableCheck(source), error)],
    onSuccess: (known) => tableFindings(source, known, role, projection),
  })

const incompleteFindings = ({ source, completeness }: TableAnswer): ReadonlyArray<Finding> => {
  const notice = Option.getOrUndefined(
    Option.flatMapNullishOr(completeness, (known) => incompleteNotice(source.dataset, known)),
  )
  return notice === undefined
    ? []
    : [warning(tableCheck(source), notice.problem, { advice: `${notice.advice}.` })]
}

/** Returns what happened to the table, then the findings about it. `role` is the connected one. */
export const answerFindings = (answer: TableAnswer, role: string): ReadonlyArray<Finding> => {
  const { source } = answer
  const check = tableCheck(source)
  const decision = Option.getOrUndefined(answer.decision)
  if (decision === undefined) return factFindings(source, answer, role)
  const { planned } = decision
  if (Result.isFailure(planned)) {
    return planned.failure instanceof Refusal
      ? [failureFinding(check, planned.failure)]
      : factFindings(source, answer, role)
  }
  const { kind, after } = planned.success
  const notice = noticeOf(planned.success, "next")
  if (notice === undefined) return [...incompleteFindings(answer), ...factFindings(source, answer, role)]
  const advice = `${notice.advice}.`
  if (kind._tag === "Dropped") return [failed(check, notice.problem, { advice })]
  const isNew = kind._tag === "New" || kind._tag === "Again"
  return [
    isNew ? note(check, notice.problem, advice) : warning(check, notice.problem, { advice }),
    ...factFindings({ ...source, table: after.table }, answer, role),
  ]
}
