/**
 * Decides where a writer begins, as data, from the state of source and lake. The invariant is slot <= watermark <= lake,
 * because the durable steps are taken in the order lake, watermark, slot. So a slot ahead of the watermark was moved by
 * somebody else.
 */
import { Option, Result } from "effect"
import * as Lsn from "../../core/Lsn.ts"
import type { Watermark } from "../../core/lake/Watermark.ts"
import { Refusal } from "../../services/Refusal.ts"
import type { SlotView } from "../../services/source/ChangeSource.ts"
import type { SlotState } from "../../services/source/ReplicationSlot.ts"
import { SourceError } from "../../services/source/SourceError.ts"
import type { SourceIdentity } from "../../services/source/SourceTables.ts"

export interface Facts {
  readonly slotName: string
  readonly source: SourceIdentity
  readonly view: SlotView
  readonly watermark: Option.Option<Watermark>
  /** The commit LSN of the newest row of all datasets. Read only if the slot is ahead of the watermark. */
  readonly newestRow?: Option.Option<Lsn.Lsn>
}

/** The remedy if the lake cannot be continued. It loses nothing that is not lost already. */
export const startOver = (slotName: string) =>
  `To begin anew: drop the slot "${slotName}" (\`node dist/main.js drop-slot\`), choose an empty LAKE_URL, then run \`init\`, \`full\` and \`cdc\``

/** Fails with `ForeignWatermark` if the watermark is of another server, database or slot. */
export const checkOwner = ({
  slotName,
  source,
  watermark,
}: Pick<Facts, "slotName" | "source" | "watermark">): Result.Result<void, Refusal> => {
  if (Option.isNone(watermark)) return Result.void
  const { slot, database, systemIdentifier } = watermark.value
  const differs = (name: string, known: Option.Option<string>, now: string) =>
    Option.isSome(known) && known.value !== now ? [`${name} "${known.value}" instead of "${now}"`] : []
  const ofSlot = differs("slot", slot, slotName)
  const ofSource = [
    ...differs("database", database, source.database),
    ...differs("server (system_identifier)", systemIdentifier, source.systemIdentifier),
  ]
  const differences = [...ofSlot, ...ofSource]
  if (differences.length === 0) return Result.void
  const advice =
    Option.isSome(slot) && ofSource.length === 0
      ? {
          risk: "Each slot has a confirmed LSN of its own: rows would be lost or repeated",
          remedy: `Set REPLICATION_SLOT=${slot.value}, or choose another LAKE_URL for this one`,
        }
      : {
          risk: "LSNs of another server or database mean nothing here: rows would be lost or repeated",
          remedy:
            "Point the program at the source that this lake is of, or choose another LAKE_URL for this one",
        }
  const problem = `The lake's watermark belongs to ${differences.join(", ")}`
  return Result.fail(new Refusal({ reason: "ForeignWatermark", problem, ...advice }))
}

/** Returns the LSN after which changes are new to the lake, or why it cannot be known. */
export const decideStart = (facts: Facts): Result.Result<Lsn.Lsn, Refusal | SourceError> => {
  const owner = checkOwner(facts)
  if (Result.isFailure(owner)) return Result.fail(owner.failure)
  return Option.match(facts.view.slot, {
    onNone: () => Result.fail(slotGone(facts)),
    onSome: (slot) => checkSlot(facts, slot),
  })
}

/** The remedy if there is no slot to drop. */
export const beginAnew = "To begin anew: choose an empty LAKE_URL, then run `init`, `full` and `cdc`"

/** The error for a missing slot: a new lake needs one, and for a written lake a new slot would begin with a gap. */
export const slotGone = ({
  slotName,
  watermark,
}: Pick<Facts, "slotName" | "watermark">): Refusal | SourceError =>
  Option.match(watermark, {
    onNone: () =>
      new SourceError({ reason: "SlotMissing", subject: `slot "${slotName}"`, detail: "it does not exist" }),
    onSome: ({ position }) =>
      new Refusal({
        reason: "SlotGone",
        problem: `The slot "${slotName}" does not exist, but the lake was written from it up to ${Lsn.print(position)}`,
        risk: "Changes made since then are lost: a new slot would begin with a gap",
        remedy: beginAnew,
      }),
  })

const checkSlot = (facts: Facts, slot: SlotState): Result.Result<Lsn.Lsn, Refusal> => {
  if (slot.walStatus === "lost") {
    return Result.fail(
      new Refusal({
        reason: "SlotLost",
        problem: `The slot "${facts.slotName}" is lost: PostgreSQL has removed WAL that was not read yet`,
        risk: "The changes in it are lost",
        remedy: `Raise max_slot_wal_keep_size. ${startOver(facts.slotName)}`,
      }),
    )
  }
  const position = Option.match(facts.watermark, { onNone: () => slot.confirmed, onSome: (w) => w.position })
  if (slot.confirmed > position) {
    const problem = `The slot "${facts.slotName}" is at ${Lsn.print(slot.confirmed)}, past the lake's watermark ${Lsn.print(position)}`
    return Result.fail(slotAhead(facts, problem, slot.confirmed, position))
  }
  if (facts.view.flushed < position) {
    return Result.fail(
      new Refusal({
        reason: "SourceBehind",
        problem: `The server's WAL ends at ${Lsn.print(facts.view.flushed)}, before the lake's watermark ${Lsn.print(position)}: it was restored, or failed over to a standby that lagged`,
        risk: "The lake holds changes that this server never made, and would skip those that it makes now",
        remedy: startOver(facts.slotName),
      }),
    )
  }
  return Result.succeed(position)
}

const writeLine = (confirmed: Lsn.Lsn): string =>
  `write ${Lsn.print(confirmed)} as line 1 of inc/_watermark.txt, leave its other lines, and start again`

/**
 * The slot is advanced after the watermark. So a slot ahead of it was advanced by another reader, or the watermark is an
 * older one: a late request, or a restored copy. Rows past the slot prove the latter. Rows between the watermark and the
 * slot prove neither, because a watermark also advances over WAL that concerns no table of ours.
 */
const slotAhead = (
  { slotName, newestRow }: Facts,
  problem: string,
  confirmed: Lsn.Lsn,
  position: Lsn.Lsn,
): Refusal => {
  const row = newestRow ?? Option.none()
  const reached = Option.match(row, {
    onNone: () => "",
    onSome: (lsn) => ` (its rows reach ${Lsn.print(lsn)})`,
  })
  if (Option.exists(row, (lsn) => lsn >= confirmed)) {
    return new Refusal({
      reason: "SlotAhead",
      problem,
      risk: `The lake has what lies between the two${reached}: nothing is lost, and the watermark is an older one, put there late or from a copy`,
      remedy: `The way out: ${writeLine(confirmed)}; \`node dist/main.js verify\` then compares lake and tables`,
    })
  }
  if (Option.exists(row, (lsn) => lsn > position)) {
    return new Refusal({
      reason: "SlotAhead",
      problem,
      risk: `The lake has rows past its watermark${reached}: the watermark is an older one, put there late or from a copy, or another reader consumed what came after them, and the lake lacks it`,
      remedy: `Only where you know that an older watermark was put there: ${writeLine(confirmed)}, and let \`node dist/main.js verify\` compare lake and tables. Else find that reader (pg_stat_activity, another afluente) and give it a slot of its own. ${startOver(slotName)}`,
    })
  }
  return new Refusal({
    reason: "SlotAhead",
    problem,
    risk:
      newestRow === undefined
        ? "Another reader consumed the changes between the two, or the slot was created anew, and the lake may lack them; or the watermark is an older one, and the next start of `cdc` says so"
        : `Another reader consumed the changes between the two, or the slot was created anew, and the lake does not have all of them${reached}`,
    remedy: `Find that reader (pg_stat_activity; a \`cdc\` of this slot with another LAKE_URL) and give it a slot of its own. ${startOver(slotName)}`,
  })
}
