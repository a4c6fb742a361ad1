/** Judges how long the retained WAL of an unread slot can grow. */
import { Duration, Option } from "effect"
import { printBytes } from "../../core/text/ByteAmount.ts"
import type { SlotSnapshot } from "../../services/source/SourceInspection.ts"
import { type Finding, note, ok, warning } from "../Finding.ts"

export const retainedWalCheck = "max_slot_wal_keep_size"

/** Prints the two largest units: `2d 5h`. */
const printSeconds = (seconds: number): string =>
  Duration.format(Duration.seconds(Math.round(seconds)))
    .split(" ")
    .slice(0, 2)
    .join(" ")

/** Seconds. At night an outage may last this long before somebody starts `cdc` again. */
const soon = 12 * 3600
const aDay = 24 * 3600

/**
 * `limit` is the setting in bytes; none if there is no limit. `bytesPerSecond` is the server's present rate, which may be low
 * at night. `snapshot` says how much of the limit our own slot has left.
 */
export const retainedWalFinding = (
  limit: Option.Option<number>,
  bytesPerSecond: number,
  snapshot: Option.Option<SlotSnapshot>,
): Finding => {
  const rate = `at the present rate of ${printBytes(bytesPerSecond)}/s`
  if (Option.isNone(limit)) {
    const growth = bytesPerSecond === 0 ? "" : `: ${printBytes(bytesPerSecond * aDay)} a day ${rate}`
    return note(
      retainedWalCheck,
      `-1, no limit: without \`cdc\` WAL is retained until the disk is full${growth}`,
      "A limit gives up the slot instead of the disk: ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf();",
    )
  }
  const safe = Option.flatMap(snapshot, ({ slot }) => Option.flatMap(slot, ({ safeBytes }) => safeBytes))
  const left = Option.getOrElse(safe, () => limit.value)
  const limits = [
    printBytes(limit.value),
    ...Option.toArray(safe).map((b) => `the slot has ${printBytes(b)} left`),
  ].join(", ")
  if (bytesPerSecond === 0) return ok(retainedWalCheck, `${limits}; nothing was written during the check`)
  const seconds = Math.max(0, left / bytesPerSecond)
  const finding = `${limits}: without \`cdc\` it lasts ${printSeconds(seconds)} ${rate}`
  if (seconds >= soon) return ok(retainedWalCheck, finding)
  const forADay = Math.ceil((limit.value - left + bytesPerSecond * aDay) / 2 ** 30)
  return warning(retainedWalCheck, finding, {
    sql: [`ALTER SYSTEM SET max_slot_wal_keep_size = '${forADay}GB';`, "SELECT pg_reload_conf();"],
    advice: "As a superuser. That is enough for a day at this rate, if the disk has room for it.",
  })
}
