/** What `doctor` asks the source, and what it says of the answers. */
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

/** What the source answered to each question. */
export interface SourceAnswers {
  readonly clock: Asked<Finding>
  readonly server: Asked<ServerFacts>
  readonly role: Asked<RoleFacts>
  readonly identity: Asked<SourceIdentity>
  readonly limits: Asked<LimitFacts>
  readonly slot: Asked<SlotSnapshot>
  /** What the attempt to read the slot failed with; none where it worked, or was not made. */
  readonly unreadable: Option.Option<SourceError>
  readonly tables: ReadonlyArray<TableAnswer>
  /** Bytes of WAL that the server writes in a second now. */
  readonly rate: Asked<number>
}

/** Short for a person who waits, long enough to see that a server is busy. */
const rateMeasuredFor = "2 seconds"

const askClock = Effect.fnUntraced(function* (inspection: Inspection) {
  const before = yield* Clock.currentTimeMillis
  const position = yield* inspection.walPosition
  const after = yield* Clock.currentTimeMillis
  return { position, finding: clockFinding({ before, after, other: position.millis, precision: 1 }) }
})

const rateBetween = (begin: WalPosition, end: WalPosition): number =>
  (Number(end.lsn - begin.lsn) / Math.max(1, end.millis - begin.millis)) * 1000

/** One question after the other, on one session; the questions between the two readings of the WAL position take part of its time. */
export const askSource = Effect.fn("SourceChecks.askSource")(function* (inspection: Inspection) {
  const { slot } = yield* Settings
  const begin = yield* Effect.result(askClock(inspection))
  const answers = yield* Effect.all({
    server: Effect.result(inspection.server),
    role: Effect.result(inspection.role),
    identity: Effect.result(inspection.identity),
    limits: Effect.result(inspection.limits),
    slot: Effect.result(inspection.slot(slot)),
    tables: askTables(inspection),
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

/** Another session reads it at this moment: nothing is wrong with the slot. */
const isFailure = ({ reason }: SourceError): boolean => reason !== "SlotInUse"

/**
 * A running `cdc` reads the slot itself, and must not meet a reader. Without the rights for it, or on a standby, the attempt
 * would repeat what other rows report.
 */
const mayProbe = (answers: Pick<SourceAnswers, "server" | "role" | "slot">): boolean => {
  const { server, role, slot: look } = answers
  if (Result.isFailure(role) || Result.isFailure(look) || isStandby({ server })) return false
  const { slot, writer, present } = look.success
  const isOurs = Option.exists(
    slot,
    (one) =>
      one.isHere &&
      Option.contains(one.plugin, "test_decoding") &&
      one.walStatus !== "lost" &&
      Option.isNone(one.reader),
  )
  const mayRead = role.success.mayReplicate && role.success.mayNotCall.length === 0
  return isOurs && mayRead && Option.isNone(writer) && present.length === 0
}

/** Slots are not carried to standbys: what is missing there says nothing of the primary. */
export const isStandby = ({ server }: Pick<SourceAnswers, "server">): boolean =>
  Result.isSuccess(server) && server.success.inRecovery

/** A question that got no answer is a finding too. */
const findingsOf = <A>(
  check: string,
  asked: Asked<A>,
  judge: (answer: A) => ReadonlyArray<Finding>,
): ReadonlyArray<Finding> =>
  Result.match(asked, { onFailure: (error) => [failureFinding(check, error)], onSuccess: judge })

/** With its partitions each. */
const relationsOf = ({ tables }: SourceAnswers): number =>
  tables.reduce(
    (sum, { facts }) => sum + 1 + (Result.isSuccess(facts) ? facts.success.partitions.length : 0),
    0,
  )

/** `missing` is what to say of the slot where there is none; `readers` is FULL_PARALLEL. */
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
        { isFollowed: Result.isSuccess(slot) && slot.success.present.length > 0, readers },
      ),
      lockFinding(facts, relationsOf(answers)),
    ]),
    ...findingsOf("system identifier", answers.identity, () => []),
    ...findingsOf("clock", answers.clock, (finding) => [finding]),
    ...findingsOf(slotCheck(slotName), slot, (look) => [
      isStandby(answers)
        ? unchecked(slotCheck(slotName), "the server is a standby")
        : Option.match(answers.unreadable, {
            onNone: () => slotFinding(slotName, look, missing),
            onSome: (error) => failureFinding(slotCheck(slotName), error),
          }),
    ]),
    ...findingsOf(retainedWalCheck, Result.all([server, answers.rate]), ([facts, bytesPerSecond]) => [
      retainedWalFinding(facts.retainedWalLimit, bytesPerSecond, Result.getSuccess(slot)),
    ]),
    ...answers.tables.flatMap((answer) => answerFindings(answer, roleName)),
  ]
}

/** The same where no session could be opened. */
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
