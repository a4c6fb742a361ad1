/**
 * The owner of a temporary file: the process that makes it puts its mark into the name, so that a later one knows whether
 * the owner still runs. A killed process removes nothing.
 *
 * The mark is `HOST-PID-START`. HOST stands for what makes a process id mean one process: the boot of this machine, the PID
 * namespace (containers may share a folder) and the time namespace, which START is counted in. START is when the process
 * began: ids are used again. Source: Linux, proc(5) and namespaces(7). Elsewhere nothing of it can be asked, HOST is
 * `unknown`, and no owner is ever known to be dead.
 */
import { createHash } from "node:crypto"
import { readFileSync, readlinkSync } from "node:fs"
import { errno } from "./FileFailures.ts"

const unknown = "unknown"

/** State and beginning, in clock ticks since the boot: fields 3 and 22. The name before them may hold blanks and brackets. */
const processStat = (pid: number | "self") => {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1")
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  return { state: fields[0] ?? "", start: fields[19] ?? "" }
}

/** Throws where this is no Linux, or its /proc is hidden or another namespace's. */
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

/** Of this process: letters, digits and `-`. */
export const ownerMark = (): string => {
  mark ??= markOnce()
  return mark
}

export type OwnerState = "alive" | "dead" | "unknown"

/** Whether the process whose mark is in the name runs. Unknown where it cannot be seen from here. */
export const ownerState = (name: string, own = ownerMark()): OwnerState => {
  const [, host, pid, start] = /-([0-9a-f]{12})-(\d+)-(\d+)-/.exec(name) ?? []
  if (host === undefined || host !== own.split("-")[0]) return "unknown"
  try {
    const found = processStat(Number(pid))
    // A zombie has closed all its files.
    return found.start === start && !["Z", "X"].includes(found.state) ? "alive" : "dead"
  } catch (cause) {
    if (!["ENOENT", "ESRCH"].includes(errno(cause))) return "unknown"
    // `hidepid` hides the processes of others: they are there all the same.
    return isThere(Number(pid)) ? "unknown" : "dead"
  }
}

const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return errno(cause) !== "ESRCH"
  }
}
