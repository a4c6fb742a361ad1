/** What `doctor` asks the source, and what it says of the answers. */
import { Clock, Effect, Option, Result } from "effect"
import { type Finding, unchecked } from "../core/Finding.ts"
import type { SourceTable } from "../core/SourceTable.ts"
import type { SourceError } from "../services/SourceError.ts"
import type {
  Inspection,
  LogMoment,
  RoleFacts,
  ServerFacts,
  SlotLook,
  TableFacts,
} from "../services/SourceInspection.ts"
import type { SourceIdentity } from "../services/SourceTables.ts"
import { Settings } from "../settings/Settings.ts"
import { clockFinding } from "./ClockFinding.ts"
import { faultFinding } from "./FaultFinding.ts"
import { keptLogCheck, keptLogFinding } from "./KeptLogFinding.ts"
import { connection, type Login, roleFindings, serverFindings } from "./ServerFindings.ts"
import { type MissingSlot, slotCheck, slotFinding } from "./SlotFindings.ts"
import { tableCheck, tableFindings } from "./TableFindings.ts"

type Asked<A> = Result.Result<A, SourceError>

/** What the source answered to each question. */
export interface SourceAnswers {
  readonly clock: Asked<Finding>
  readonly server: Asked<ServerFacts>
  readonly role: Asked<RoleFacts>
  readonly identity: Asked<SourceIdentity>
  readonly slot: Asked<SlotLook>
  readonly tables: ReadonlyArray<readonly [SourceTable, Asked<TableFacts>]>
  /** Bytes a second that the server writes to its log now. */
  readonly rate: Asked<number>
}

/** Short for a person who waits, long enough to see that a server is busy. */
const rateMeasuredFor = "2 seconds"

const askClock = Effect.fnUntraced(function* (inspection: Inspection) {
  const before = yield* Clock.currentTimeMillis
  const moment = yield* inspection.log
  const after = yield* Clock.currentTimeMillis
  return { moment, finding: clockFinding({ before, after, other: moment.millis, precision: 1 }) }
})

const rateBetween = (begin: LogMoment, end: LogMoment): number =>
  (Number(end.position - begin.position) / Math.max(1, end.millis - begin.millis)) * 1000

/** One question after the other, on one session; what is asked between the two looks at the log takes part of its time. */
export const askSource = Effect.fn("SourceChecks.askSource")(function* (inspection: Inspection) {
  const { tables, slot } = yield* Settings
  const begin = yield* Effect.result(askClock(inspection))
  const answers = yield* Effect.all({
    server: Effect.result(inspection.server),
    role: Effect.result(inspection.role),
    identity: Effect.result(inspection.identity),
    slot: Effect.result(inspection.slot(slot)),
    tables: Effect.forEach(tables, (table) =>
      Effect.map(Effect.result(inspection.table(table.table)), (asked) => [table, asked] as const),
    ),
  })
  yield* Effect.sleep(rateMeasuredFor)
  const end = yield* Effect.result(inspection.log)
  const rate = Result.map(Result.all([begin, end]), ([first, last]) => rateBetween(first.moment, last))
  return { clock: Result.map(begin, ({ finding }) => finding), ...answers, rate } satisfies SourceAnswers
})

/** Slots are not carried to standbys: what is missing there says nothing of the primary. */
export const isStandby = ({ server }: SourceAnswers): boolean =>
  Result.isSuccess(server) && server.success.inRecovery

/** A question that got no answer is a finding too. */
const told = <A>(
  check: string,
  asked: Asked<A>,
  tell: (answer: A) => ReadonlyArray<Finding>,
): ReadonlyArray<Finding> =>
  Result.match(asked, { onFailure: (error) => [faultFinding(check, error)], onSuccess: tell })

/** `missing` is what to say of the slot where there is none. */
export const sourceFindings = (
  answers: SourceAnswers,
  login: Login,
  slotName: string,
  missing: MissingSlot,
): ReadonlyArray<Finding> => {
  const { server, slot, role } = answers
  const slotExists = Result.isSuccess(slot) && Option.isSome(slot.success.slot)
  const roleName = Result.isSuccess(role) ? role.success.name : login.role
  return [
    ...told("server", server, (facts) => [connection(facts, login), ...serverFindings(facts, slotExists)]),
    ...told("role", role, roleFindings),
    ...told("system identifier", answers.identity, () => []),
    ...told("clock", answers.clock, (finding) => [finding]),
    ...told(slotCheck(slotName), slot, (look) => [
      isStandby(answers)
        ? unchecked(slotCheck(slotName), "the server is a standby")
        : slotFinding(slotName, look, missing),
    ]),
    ...told(keptLogCheck, Result.all([server, answers.rate]), ([facts, bytesPerSecond]) => [
      keptLogFinding(facts.slotLogLimit, bytesPerSecond, Result.getSuccess(slot)),
    ]),
    ...answers.tables.flatMap(([table, asked]) =>
      told(tableCheck(table), asked, (facts) => tableFindings(table, facts, roleName)),
    ),
  ]
}

/** The same where no session could be opened. */
export const sourceUnasked = (slotName: string, tables: ReadonlyArray<SourceTable>): ReadonlyArray<Finding> =>
  ["server", "wal_level", "replication slots", "role", "clock", slotCheck(slotName), keptLogCheck]
    .concat(tables.map(tableCheck))
    .map((check) => unchecked(check, "there is no connection"))
