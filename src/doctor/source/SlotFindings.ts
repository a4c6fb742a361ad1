/** What `doctor` says of the slot, and of whether lake and slot fit together: facts in, findings out. */
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

/** What a start would say now. */
export interface Start {
  /** Where it begins, or why it does not. */
  readonly decided: Result.Result<Lsn.Lsn, Refusal | SourceError>
  /** The flushed WAL position. */
  readonly flushed: Lsn.Lsn
}

/** What the lake has to do with a slot that is not there. A new one is right only where nothing was written yet. */
export type MissingSlot = "not begun" | "written from it" | "not its lake" | "unknown"

/** None where too little is known to tell what a start would say. */
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
        "it does not exist, but the lake was written from it: what was changed since is known to nobody",
        { advice: `${beginAnew}.` },
      )
    case "not its lake":
      return failed(check, "it does not exist", { advice: `See "${lakeAndSlotCheck}" first.` })
    case "unknown":
      return failed(check, "it does not exist", {
        advice:
          "Remedy first what else failed: if the lake was written from this slot, a new one would begin with a gap.",
      })
  }
}

const printSession = ({ pid, application }: SessionFacts): string =>
  `process ${pid}${application === "" ? "" : ` (${application})`}`

/** A session that reads the slot without the writer's lock. */
const stranger = ({ slot, writer }: SlotSnapshot): Option.Option<SessionFacts> =>
  Option.flatMap(slot, ({ reader }) => reader).pipe(
    Option.filter(({ pid }) => !Option.exists(writer, (known) => known.pid === pid)),
  )

const present = (name: string, look: SlotSnapshot, slot: SlotFacts): Finding => {
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
    onSome: (restart) => [`${printBytes(Number(look.flushed - restart))} of WAL retained`],
  })
  const other = stranger(look)
  const follower = Option.match(look.writer, {
    onNone: () => (Option.isSome(other) ? [] : ["no `cdc` follows it now"]),
    onSome: (who) => [`followed by ${printSession(who)}`],
  })
  const found = ["test_decoding", slot.walStatus, ...kept, ...follower].join(", ")
  if (Option.isSome(other)) {
    return warning(check, `${found}, read by ${printSession(other.value)}`, {
      advice: "A second reader takes changes away from this lake: give it a slot of its own.",
    })
  }
  if (slot.walStatus === "unreserved") {
    return warning(check, found, {
      advice: "PostgreSQL may give it up at its next checkpoint: run `cdc` now.",
    })
  }
  return slot.walStatus === "extended"
    ? warning(check, found, { advice: "More is kept than max_wal_size: run `cdc`, so that it can go." })
    : ok(check, found)
}

export const slotFinding = (name: string, look: SlotSnapshot, why: MissingSlot): Finding =>
  Option.match(look.slot, {
    onNone: () => missing(name, why),
    onSome: (slot) => present(name, look, slot),
  })

/** Judges whether lake and slot fit together. A fault of the slot alone is the finding of the slot. */
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
