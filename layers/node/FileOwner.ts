/**
 * The owner of a temporary file. The process that creates it writes its mark into the name, so that a later process knows
 * whether the owner still runs. A killed process deletes nothing.
 *
 * The mark is `HOST-PID-START`. HOST identifies the boot of this machine, the PID namespace (containers may share a folder)
 * and the time namespace of START. START is when the process began, because process ids are reused. Source: Linux, proc(5)
 * and namespaces(7). On other systems HOST is `unknown`, and no owner is known to be dead.
 */
import { createHash } from "node:crypto"
import { readFileSync, readlinkSync } from "node:fs"
import { errno } from "./FileFailures.ts"

const unknown = "unknown"

/** Reads state and start, in clock ticks since the boot: fields 3 and 22. The name before them may contain blanks and brackets. */
const processStat = (pid: number | "self") => {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1")
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  return { state: fields[0] ?? "", start: fields[19] ?? "" }
}

/** Throws if this is not Linux, or its /proc is hidden or of another namespace. */
const ownMark = (): string => {
  if (readlinkSync("/proc/self") !== `${process.pid}`) return unknown
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()
  const spaces = ["pid", "time"].map((kind) => readlinkSync(`/proc/self/ns/${kind}`))
  const host = createHash("sha256")
    .update([boot, ...spaces].join())
    .digest("hex")
    .slice(0, 12)
  return `${host}-${process.pid}-${processStat("self").start}`
}

const markOnce = (): string => {
  try {
    return ownMark()
  } catch {
    return unknown
  }
}

let mark: string | undefined

/** Returns the mark of this process: letters, digits and `-`. */
export const ownerMark = (): string => {
  mark ??= markOnce()
  return mark
}

export type OwnerState = "alive" | "dead" | "unknown"

/** Returns whether the process with the mark in `name` runs; unknown if it cannot be observed from here. */
export const ownerState = (name: string, own = ownerMark()): OwnerState => {
  const [, host, pid, start] = /-([0-9a-f]{12})-(\d+)-(\d+)-/.exec(name) ?? []
  if (host === undefined || host !== own.split("-")[0]) return "unknown"
  try {
    const stat = processStat(Number(pid))
    // A zombie has closed all its files.
    return stat.start === start && !["Z", "X"].includes(stat.state) ? "alive" : "dead"
  } catch (cause) {
    if (!["ENOENT", "ESRCH"].includes(errno(cause))) return "unknown"
    // `hidepid` hides the processes of other users, which may still run.
    return exists(Number(pid)) ? "unknown" : "dead"
  }
}

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return errno(cause) !== "ESRCH"
  }
}
