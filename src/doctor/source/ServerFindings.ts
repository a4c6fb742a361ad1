/** Judges the server, the role and the connection. */
import { Option } from "effect"
import { quoteIdentifier } from "../../core/source/SourceTable.ts"
import { printBytes } from "../../core/text/ByteAmount.ts"
import type { SourceError } from "../../services/source/SourceError.ts"
import type { RoleFacts, ServerFacts } from "../../services/source/SourceInspection.ts"
import { type Finding, failed, note, ok, unchecked, warning } from "../Finding.ts"

/** The first version with `wal_status` and `pg_current_snapshot`. */
const oldestVersion = 13
/** The versions that the tests run on. */
const testedVersions = [15, 18]

export interface Login {
  readonly role: string
  readonly database: string
  readonly isLocal: boolean
}

const poolerCheck = "pooler"

/** The findings if no usable session could be opened. */
export const notConnected = (error: SourceError, { role, database }: Login): ReadonlyArray<Finding> => {
  if (error.reason === "Pooler") {
    return [
      unchecked("connection", "there is no connection"),
      failed(poolerCheck, error.detail, { advice: error.advice }),
    ]
  }
  const grant = `GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(role)};`
  return [
    failed(
      "connection",
      error.detail,
      error.reason === "Permission" ? { sql: [grant] } : { advice: error.advice },
    ),
    unchecked(poolerCheck, "there is no connection"),
  ]
}

export const pooler = ({ isPooled }: ServerFacts): Finding =>
  isPooled
    ? note(poolerCheck, "one is in between; SOURCE_SESSION_POOLER=allow says that it shares no session")
    : ok(poolerCheck, "direct connection")

export const connection = ({ tls }: ServerFacts, { role, isLocal }: Login): Finding => {
  if (Option.isSome(tls)) return ok("connection", `role ${role}, ${tls.value}`)
  return isLocal
    ? ok("connection", `role ${role}, on this machine`)
    : warning("connection", `role ${role}, not encrypted: others on the network can read password and rows`, {
        advice: "Set PGSSLMODE=require, or verify-full to know the server too; the server needs ssl = on.",
      })
}

const version = ({ version, versionNumber, inRecovery, encoding }: ServerFacts): Finding => {
  const major = Math.floor(versionNumber / 10_000)
  const name = `PostgreSQL ${version}`
  if (inRecovery) {
    return failed("server", `${name}, a standby: it cannot advance a slot or report its WAL position`, {
      advice: "Point DATABASE_URL or PGHOST at the primary.",
    })
  }
  if (major < oldestVersion) {
    return failed("server", `${name} is too old`, {
      advice: `PostgreSQL ${oldestVersion} or newer is needed.`,
    })
  }
  if (encoding === "SQL_ASCII") {
    return warning("server", `${name}; the database's encoding SQL_ASCII says nothing about its text`, {
      advice: "`full` and `cdc` stop at a value that is no UTF-8.",
    })
  }
  return testedVersions.includes(major)
    ? ok("server", name)
    : note("server", `${name}; the tests run on ${testedVersions.join(" and ")}`)
}

const walLevel = ({ walLevel }: ServerFacts): Finding =>
  walLevel === "logical"
    ? ok("wal_level", walLevel)
    : failed("wal_level", `it is ${walLevel}: the WAL does not hold the rows that a slot needs`, {
        sql: ["ALTER SYSTEM SET wal_level = 'logical';"],
        advice: "As a superuser, then restart PostgreSQL. A hosted server has it among its parameters.",
      })

/** An existing slot needs no free one. */
const freeSlots = ({ maxSlots, usedSlots }: ServerFacts, slotExists: boolean): Finding => {
  const finding = `${maxSlots - usedSlots} of ${maxSlots} are free (max_replication_slots)`
  return slotExists || usedSlots < maxSlots
    ? ok("replication slots", finding)
    : failed("replication slots", finding, {
        sql: [`ALTER SYSTEM SET max_replication_slots = ${maxSlots + 5};`],
        advice:
          "As a superuser, then restart PostgreSQL. Or drop one that nothing uses: SELECT * FROM pg_replication_slots; lists them.",
      })
}

const walSenders = ({ maxWalSenders }: ServerFacts): Finding =>
  note("max_wal_senders", `${maxWalSenders}; none is needed: the slot is read by SQL`)

const decodingMemory = ({ decodingMemory }: ServerFacts): ReadonlyArray<Finding> =>
  Option.match(decodingMemory, {
    onNone: () => [],
    onSome: (bytes) => [
      note(
        "logical_decoding_work_mem",
        `${printBytes(bytes)}; larger transactions go to the server's disk while they are decoded`,
      ),
    ],
  })

export const serverFindings = (facts: ServerFacts, slotExists: boolean): ReadonlyArray<Finding> => [
  version(facts),
  walLevel(facts),
  freeSlots(facts, slotExists),
  walSenders(facts),
  ...decodingMemory(facts),
]

export const roleFindings = ({ name, mayReplicate, mayNotCall }: RoleFacts): ReadonlyArray<Finding> => {
  const role = quoteIdentifier(name)
  return [
    mayReplicate
      ? ok("role", `${name} may use replication slots`)
      : failed("role", `${name} may not use replication slots`, {
          sql: [`ALTER ROLE ${role} REPLICATION;`],
          advice: "As a superuser.",
        }),
    ...(mayNotCall.length === 0
      ? []
      : [
          failed("role", `${name} may not call ${mayNotCall.join(", ")}`, {
            sql: mayNotCall.map((called) => `GRANT EXECUTE ON FUNCTION ${called} TO ${role};`),
            advice: "As a superuser, in this database.",
          }),
        ]),
  ]
}
