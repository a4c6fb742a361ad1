/** Judges the slot, and whether lake and slot fit together. */
import { Option, Result } from "effect"
import { beginAnew, startOver } from "../../cdc/start/StartDecision.ts"
import * as Lsn from "../../core/Lsn.ts"
import { printBytes } from "../../core/text/ByteAmount.ts"
import { Refusal } from "../../services/Refusal.ts"
import type { SourceError } from "../../services/source/SourceError.ts"
import type { SessionFacts, SlotFacts, SlotSnapshot } from "../../services/source/SourceInspection.ts"
import { failureFinding } from "../FailureFinding.ts"
import { type Finding, failed, ok, unchecked, warning } from "../Finding.ts"

export const slotCheck = (name: string): string => `slot "${name}"`
export const lakeAndSlotCheck = "lake and slot"

/** What a start of `cdc` would decide now. */
export interface Start {
  /** The LSN at which it begins, or why it does not. */
  readonly decided: Result.Result<Lsn.Lsn, Refusal | SourceError>
  /** The flushed LSN. */
  readonly flushed: Lsn.Lsn
}

/** How the lake relates to a missing slot. A new slot is right only if nothing was written yet. */
export type MissingSlot = "not begun" | "written from it" | "not its lake" | "unknown"

/** `start` is none if too little is known to predict a start. */
export const missingSlot = (start: Option.Option<Start>): MissingSlot => {
  if (Option.isNone(start) || Result.isSuccess(start.value.decided)) return "unknown"
  switch (start.value.decided.failure.reason) {
    case "SlotMissing":
      return "not begun"
    case "SlotGone":
      return "written from it"
    default:
      return "not its lake"
  }
}

const missing = (name: string, why: MissingSlot): Finding => {
  const check = slotCheck(name)
  switch (why) {
    case "not begun":
      return failed(check, "it does not exist", {
        sql: [`SELECT pg_create_logical_replication_slot('${name}', 'test_decoding');`],
        advice: "Or run `node dist/main.js init`, which does the same. Then `full`.",
      })
    case "written from it":
      return failed(
        check,
        "it does not exist, but the lake was written from it: changes made since then are lost",
        { advice: `${beginAnew}.` },
      )
    case "not its lake":
      return failed(check, "it does not exist", { advice: `See "${lakeAndSlotCheck}" first.` })
    case "unknown":
      return failed(check, "it does not exist", {
        advice:
          "Solve the other failures first: if the lake was written from this slot, a new one would begin with a gap.",
      })
  }
}

const printSession = ({ pid, application }: SessionFacts): string =>
  `process ${pid}${application === "" ? "" : ` (${application})`}`

/** A session that reads the slot without the writer's lock. */
const otherReader = ({ slot, writer }: SlotSnapshot): Option.Option<SessionFacts> =>
  Option.flatMap(slot, ({ reader }) => reader).pipe(
    Option.filter(({ pid }) => !Option.exists(writer, (known) => known.pid === pid)),
  )

const present = (name: string, snapshot: SlotSnapshot, slot: SlotFacts): Finding => {
  const check = slotCheck(name)
  const anotherName = "Set REPLICATION_SLOT to another name and run `node dist/main.js init`"
  if (!Option.contains(slot.plugin, "test_decoding")) {
    const owner = Option.getOrElse(slot.plugin, () => "physical replication")
    return failed(check, `it belongs to ${owner}, not to test_decoding`, {
      advice: `${anotherName}. Or, if nothing uses it: SELECT pg_drop_replication_slot('${name}');`,
    })
  }
  if (!slot.isHere) {
    const database = Option.getOrElse(slot.database, () => "")
    return failed(check, `it was made in the database "${database}"`, {
      advice: `${anotherName}. Or correct PGDATABASE or DATABASE_URL.`,
    })
  }
  if (slot.walStatus === "lost") {
    return failed(check, "it is lost: PostgreSQL has removed WAL that was not read yet", {
      advice: `Raise max_slot_wal_keep_size. ${startOver(name)}.`,
    })
  }
  const kept = Option.match(slot.restart, {
    onNone: () => [],
    onSome: (restart) => [`${printBytes(Number(snapshot.flushed - restart))} of WAL retained`],
  })
  const other = otherReader(snapshot)
  const follower = Option.match(snapshot.writer, {
    onNone: () => (Option.isSome(other) ? [] : ["no `cdc` follows it now"]),
    onSome: (who) => [`followed by ${printSession(who)}`],
  })
  const finding = ["test_decoding", slot.walStatus, ...kept, ...follower].join(", ")
  if (Option.isSome(other)) {
    return warning(check, `${finding}, read by ${printSession(other.value)}`, {
      advice: "A second reader takes changes away from this lake: give it a slot of its own.",
    })
  }
  if (slot.walStatus === "unreserved") {
    return warning(check, finding, {
      advice: "PostgreSQL may give it up at its next checkpoint: run `cdc` now.",
    })
  }
  return slot.walStatus === "extended"
    ? warning(check, finding, {
        advice: "It retains more WAL than max_wal_size: run `cdc`, so that the server can remove it.",
      })
    : ok(check, finding)
}

export const slotFinding = (name: string, snapshot: SlotSnapshot, why: MissingSlot): Finding =>
  Option.match(snapshot.slot, {
    onNone: () => missing(name, why),
    onSome: (slot) => present(name, snapshot, slot),
  })

/** Judges whether lake and slot fit together. A problem of the slot alone is reported by the slot's finding. */
export const lakeAndSlotFinding = (start: Option.Option<Start>): Finding => {
  if (Option.isNone(start)) return unchecked(lakeAndSlotCheck, "slot or watermark cannot be used")
  const { decided, flushed } = start.value
  if (Result.isSuccess(decided)) {
    const position = decided.success
    return ok(
      lakeAndSlotCheck,
      `the next \`cdc\` begins at ${Lsn.print(position)}, ${printBytes(Number(flushed - position))} before the WAL's end`,
    )
  }
  const failure = decided.failure
  return failure instanceof Refusal && failure.reason !== "SlotGone" && failure.reason !== "SlotLost"
    ? failureFinding(lakeAndSlotCheck, failure)
    : unchecked(lakeAndSlotCheck, "the slot cannot be used")
}
