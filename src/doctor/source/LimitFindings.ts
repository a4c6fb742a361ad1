/** Judges the limits of the server, the role and the database. */

import { Option } from "effect"
import { quoteIdentifier } from "../../core/source/SourceTable.ts"
import { printBytes } from "../../core/text/ByteAmount.ts"
import { counted } from "../../core/text/CountedNoun.ts"
import type { LimitFacts, SessionLimit } from "../../services/source/SourceInspection.ts"
import { type Finding, failed, note, ok, warning } from "../Finding.ts"

export const tempFileCheck = "temp_file_limit"
export const sessionCheck = "connections"
export const lockCheck = "max_locks_per_transaction"

/**
 * The server writes the result of a peek to a temporary file before it sends the first row. A million slot lines
 * (BATCH_MAX_CHANGES) of 1 kB take this much, and a large transaction can take more. In bytes.
 */
const usualTempFileBytes = 2 ** 30

export const tempFileFinding = ({ tempFileLimit }: LimitFacts, role: string): Finding => {
  if (Option.isNone(tempFileLimit)) return ok(tempFileCheck, "-1, no limit")
  const finding = `${printBytes(tempFileLimit.value)}: \`cdc\` stops at a transaction whose changes are more than that as text`
  return tempFileLimit.value >= usualTempFileBytes
    ? note(tempFileCheck, finding)
    : warning(tempFileCheck, finding, {
        sql: [`ALTER ROLE ${quoteIdentifier(role)} SET temp_file_limit = -1;`],
        advice: "As a superuser. BATCH_MAX_CHANGES does not help: a transaction is never split.",
      })
}

/** Sessions that a command has open at once. */
const sessionsOf = {
  /** One reads the slot, one holds the liveness lock; for short times one reads the slot's state and one the catalog. */
  cdc: 4,
  standby: 2,
  /** One locks the tables until the other holds the snapshot. */
  full: 2,
  verify: 2,
}

export interface SessionNeeds {
  /** True if a `cdc` of this slot runs, and has its sessions already. */
  readonly isFollowed: boolean
  /** FULL_PARALLEL. */
  readonly readers: number
}

const raise = ({ scope, limit }: SessionLimit, more: number, facts: LimitFacts, names: Names): string => {
  switch (scope) {
    case "server":
      return `ALTER SYSTEM SET max_connections = ${facts.maxConnections + more};`
    case "role":
      return `ALTER ROLE ${quoteIdentifier(names.role)} CONNECTION LIMIT ${limit + more};`
    case "database":
      return `ALTER DATABASE ${quoteIdentifier(names.database)} CONNECTION LIMIT ${limit + more};`
  }
}

interface Names {
  readonly role: string
  readonly database: string
}

/** Failed if `cdc` or `full` alone cannot run; a warning if `cdc`, a standby, `full` and `verify` cannot run at once. */
export const sessionFindings = (
  facts: LimitFacts,
  names: Names,
  { isFollowed, readers }: SessionNeeds,
): ReadonlyArray<Finding> => {
  const full = sessionsOf.full + readers - 1
  const alone = Math.max(isFollowed ? 0 : sessionsOf.cdc, sessionsOf.full)
  const together = (isFollowed ? 0 : sessionsOf.cdc) + sessionsOf.standby + full + sessionsOf.verify
  // The session of this `doctor` will be free.
  const freeOf = ({ limit, used }: SessionLimit) => limit - used + 1
  const tight = facts.sessions.filter((one) => freeOf(one) < together)
  if (tight.length === 0) {
    const free = Math.min(...facts.sessions.map(freeOf))
    return [ok(sessionCheck, `${counted(free, "is free", "are free")}, ${together} are needed at most`)]
  }
  return tight.map((one) => {
    const free = Math.max(0, freeOf(one))
    const whose = { server: "the server", role: `role ${names.role}`, database: "the database" }[one.scope]
    const remedy = {
      sql: [raise(one, together - freeOf(one), facts, names)],
      advice:
        one.scope === "server"
          ? "As a superuser, then restart PostgreSQL. Or end sessions that nobody needs."
          : "As a superuser, or as a role that may alter it.",
    }
    const finding = `${free} of ${one.limit} ${free === 1 ? "is" : "are"} free for ${whose}`
    return free < alone
      ? failed(sessionCheck, `${finding}, \`cdc\` or \`full\` needs ${alone}`, remedy)
      : warning(sessionCheck, `${finding}, ${together} are needed if all commands run at once`, remedy)
  })
}

/** `relations` is the number of tables and partitions that `full` locks at once. Half of the locks are left to others. */
export const lockFinding = (facts: LimitFacts, relations: number): Finding => {
  const { lockCapacity, locksPerTransaction } = facts
  const finding = `${locksPerTransaction}: room for ${counted(lockCapacity, "lock")}, of which \`full\` takes ${relations} at once`
  if (relations * 2 <= lockCapacity) return ok(lockCheck, finding)
  const remedy = {
    sql: [
      `ALTER SYSTEM SET max_locks_per_transaction = ${Math.ceil((locksPerTransaction * relations * 2) / lockCapacity)};`,
    ],
    advice: "As a superuser, then restart PostgreSQL. Or divide SOURCE_TABLES between several lakes.",
  }
  return relations > lockCapacity ? failed(lockCheck, finding, remedy) : warning(lockCheck, finding, remedy)
}
