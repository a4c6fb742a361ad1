/** Queries the source, and turns its answers into findings. */
import { Clock, Effect, Option, Result } from "effect"
import type { SourceTable } from "../../core/source/SourceTable.ts"
import type { SourceError } from "../../services/source/SourceError.ts"
import type {
  Inspection,
  LimitFacts,
  RoleFacts,
  ServerFacts,
  SlotSnapshot,
  WalPosition,
} from "../../services/source/SourceInspection.ts"
import type { SourceIdentity } from "../../services/source/SourceTables.ts"
import { Settings } from "../../settings/Settings.ts"
import { clockFinding } from "../ClockFinding.ts"
import { failureFinding } from "../FailureFinding.ts"
import { type Finding, unchecked } from "../Finding.ts"
import {
  lockCheck,
  lockFinding,
  sessionCheck,
  sessionFindings,
  tempFileCheck,
  tempFileFinding,
} from "./LimitFindings.ts"
import { retainedWalCheck, retainedWalFinding } from "./RetainedWalFinding.ts"
import { connection, type Login, pooler, roleFindings, serverFindings } from "./ServerFindings.ts"
import { type MissingSlot, slotCheck, slotFinding } from "./SlotFindings.ts"
import { answerFindings, askTables, type TableAnswer } from "./TableAnswers.ts"
import { tableCheck } from "./TableFindings.ts"

type Asked<A> = Result.Result<A, SourceError>

/** The source's answer to each query. */
export interface SourceAnswers {
  readonly clock: Asked<Finding>
  readonly server: Asked<ServerFacts>
  readonly role: Asked<RoleFacts>
  readonly identity: Asked<SourceIdentity>
  readonly limits: Asked<LimitFacts>
  readonly slot: Asked<SlotSnapshot>
  /** Why the slot could not be read; none if it could, or was not tried. */
  readonly unreadable: Option.Option<SourceError>
  readonly tables: ReadonlyArray<TableAnswer>
  /** The server's present WAL rate, in bytes per second. */
  readonly rate: Asked<number>
}

/** Short enough for a waiting person, long enough to notice a busy server. */
const rateMeasuredFor = "2 seconds"

const askClock = Effect.fnUntraced(function* (inspection: Inspection) {
  const before = yield* Clock.currentTimeMillis
  const position = yield* inspection.walPosition
  const after = yield* Clock.currentTimeMillis
  return { position, finding: clockFinding({ before, after, other: position.millis, precision: 1 }) }
})

const rateBetween = (begin: WalPosition, end: WalPosition): number =>
  (Number(end.lsn - begin.lsn) / Math.max(1, end.millis - begin.millis)) * 1000

/** Sends all queries on one session, one after the other. The WAL rate is measured from before them to after them. */
export const askSource = Effect.fn("SourceChecks.askSource")(function* (
  inspection: Inspection,
  configured: ReadonlyArray<SourceTable>,
) {
  const { slot } = yield* Settings
  const begin = yield* Effect.result(askClock(inspection))
  const answers = yield* Effect.all({
    server: Effect.result(inspection.server),
    role: Effect.result(inspection.role),
    identity: Effect.result(inspection.identity),
    limits: Effect.result(inspection.limits),
    slot: Effect.result(inspection.slot(slot)),
    tables: askTables(inspection, configured),
  })
  const unreadable = mayProbe(answers)
    ? Option.filter(Result.getFailure(yield* Effect.result(inspection.probe(slot))), isFailure)
    : Option.none<SourceError>()
  yield* Effect.sleep(rateMeasuredFor)
  const end = yield* Effect.result(inspection.walPosition)
  const rate = Result.map(Result.all([begin, end]), ([first, last]) => rateBetween(first.position, last))
  return {
    clock: Result.map(begin, ({ finding }) => finding),
    ...answers,
    unreadable,
    rate,
  } satisfies SourceAnswers
})

/** False if another session reads the slot just now, which is no problem. */
const isFailure = ({ reason }: SourceError): boolean => reason !== "SlotInUse"

/**
 * True if the slot may be read as a test. A running `cdc` must not be disturbed by a second reader. Without the permissions,
 * or on a standby, the test would only repeat other findings.
 */
const mayProbe = (answers: Pick<SourceAnswers, "server" | "role" | "slot">): boolean => {
  const { server, role, slot: snapshot } = answers
  if (Result.isFailure(role) || Result.isFailure(snapshot) || isStandby({ server })) return false
  const { slot, writer, processes } = snapshot.success
  const isOurs = Option.exists(
    slot,
    (one) =>
      one.isHere &&
      Option.contains(one.plugin, "test_decoding") &&
      one.walStatus !== "lost" &&
      Option.isNone(one.reader),
  )
  const mayRead = role.success.mayReplicate && role.success.mayNotCall.length === 0
  return isOurs && mayRead && Option.isNone(writer) && processes.length === 0
}

/** True on a standby. Slots are not replicated to standbys, so that a missing one says nothing about the primary. */
export const isStandby = ({ server }: Pick<SourceAnswers, "server">): boolean =>
  Result.isSuccess(server) && server.success.inRecovery

/** Returns the findings of an answer, or one for a failed query. */
const findingsOf = <A>(
  check: string,
  asked: Asked<A>,
  judge: (answer: A) => ReadonlyArray<Finding>,
): ReadonlyArray<Finding> =>
  Result.match(asked, { onFailure: (error) => [failureFinding(check, error)], onSuccess: judge })

/** Counts the tables with their partitions. */
const relationsOf = ({ tables }: SourceAnswers): number =>
  tables.reduce(
    (sum, { facts }) =>
      sum + 1 + (Result.isSuccess(facts) ? (facts.success.description.leaves?.length ?? 0) : 0),
    0,
  )

/** `missing` applies if there is no slot; `readers` is FULL_PARALLEL. */
export const sourceFindings = (
  answers: SourceAnswers,
  login: Login,
  slotName: string,
  missing: MissingSlot,
  readers: number,
): ReadonlyArray<Finding> => {
  const { server, slot, role } = answers
  const slotExists = Result.isSuccess(slot) && Option.isSome(slot.success.slot)
  const roleName = Result.isSuccess(role) ? role.success.name : login.role
  return [
    ...findingsOf("server", server, (facts) => [
      connection(facts, login),
      pooler(facts),
      ...serverFindings(facts, slotExists),
    ]),
    ...findingsOf("role", role, roleFindings),
    ...findingsOf("limits", answers.limits, (facts) => [
      tempFileFinding(facts, roleName),
      ...sessionFindings(
        facts,
        { role: roleName, database: login.database },
        { isFollowed: Result.isSuccess(slot) && slot.success.processes.length > 0, readers },
      ),
      lockFinding(facts, relationsOf(answers)),
    ]),
    ...findingsOf("system identifier", answers.identity, () => []),
    ...findingsOf("clock", answers.clock, (finding) => [finding]),
    ...findingsOf(slotCheck(slotName), slot, (snapshot) => [
      isStandby(answers)
        ? unchecked(slotCheck(slotName), "the server is a standby")
        : Option.match(answers.unreadable, {
            onNone: () => slotFinding(slotName, snapshot, missing),
            onSome: (error) => failureFinding(slotCheck(slotName), error),
          }),
    ]),
    ...findingsOf(retainedWalCheck, Result.all([server, answers.rate]), ([facts, bytesPerSecond]) => [
      retainedWalFinding(facts.retainedWalLimit, bytesPerSecond, Result.getSuccess(slot)),
    ]),
    ...answers.tables.flatMap((answer) => answerFindings(answer, roleName)),
  ]
}

/** The findings if no session could be opened. */
export const sourceUnasked = (slotName: string, tables: ReadonlyArray<SourceTable>): ReadonlyArray<Finding> =>
  [
    "server",
    "wal_level",
    "replication slots",
    "role",
    tempFileCheck,
    sessionCheck,
    lockCheck,
    "clock",
    slotCheck(slotName),
    retainedWalCheck,
  ]
    .concat(tables.map(tableCheck))
    .map((check) => unchecked(check, "there is no connection"))
