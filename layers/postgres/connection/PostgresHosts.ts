/**
 * Several servers in one address: connects to the first one that answers and matches `target_session_attrs`.
 * Source: PostgreSQL manual, chapter "libpq", section "Specifying Multiple Hosts".
 */
import { Effect, Result } from "effect"
import type { Client } from "pg"
import type { SourceAddress, TargetSessionAttrs } from "../../../src/core/source/SourceAddress.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"
import { describeAddress, loginOf, type Server } from "./PostgresLogin.ts"

interface ServerState {
  readonly isStandby: boolean
  readonly isReadOnly: boolean
}

/** Why a server does not match; undefined if it does. */
const mismatches: Readonly<Record<TargetSessionAttrs, (state: ServerState) => string | undefined>> = {
  any: () => undefined,
  "read-write": ({ isReadOnly }) => (isReadOnly ? "it takes no writes" : undefined),
  "read-only": ({ isReadOnly }) => (isReadOnly ? undefined : "it takes writes"),
  primary: ({ isStandby }) => (isStandby ? "it is a standby" : undefined),
  standby: ({ isStandby }) => (isStandby ? undefined : "it is not a standby"),
  "prefer-standby": () => undefined,
}

/** Rejects if the server does not match `target`. The error is transient: another one may match, or this one later. */
export const assertTarget = async (client: Client, target: TargetSessionAttrs, subject: string) => {
  if (target === "any") return
  const { rows } = await client.query<{ standby: string; read_only: string }>(
    "SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') AS read_only",
  )
  const state = { isStandby: rows[0]?.standby === "t", isReadOnly: rows[0]?.read_only === "on" }
  const mismatch = mismatches[target](state)
  if (mismatch === undefined) return
  const detail = `${mismatch}, and target_session_attrs asks for ${target}`
  throw new SourceError({ reason: "Unreachable", subject, detail })
}

/** As in libpq, the next server is also tried if one is starting up, which can take a standby long. */
const mayPassToNext = ({ reason }: SourceError): boolean =>
  reason === "Unreachable" || reason === "Restarting"

/** As in libpq, a refusal ends the search: the next server would not accept a wrong password either. */
const firstOf = <A, R>(
  address: SourceAddress,
  servers: ReadonlyArray<Server>,
  open: (server: Server) => Effect.Effect<A, SourceError, R>,
): Effect.Effect<A, SourceError, R> =>
  Effect.gen(function* () {
    const failures: Array<string> = []
    for (const [i, server] of servers.entries()) {
      const opened = yield* Effect.result(open(server))
      if (Result.isSuccess(opened)) return opened.success
      const error = opened.failure
      if (servers.length === 1) return yield* error
      failures.push(`${server.name}:${server.port}: ${error.detail.replace(/\.$/, "")}`)
      if (!mayPassToNext(error) || i === servers.length - 1) {
        const { reason } = error
        return yield* new SourceError({
          reason,
          subject: describeAddress(address),
          detail: failures.join("; "),
        })
      }
    }
    return yield* Effect.die(new Error("an address names no server"))
  })

/** Opens a session at the first server of the list that matches. `open` fails with `Unreachable` for one that does not. */
export const atFirstServer = <A, R>(
  address: SourceAddress,
  open: (server: Server, target: TargetSessionAttrs) => Effect.Effect<A, SourceError, R>,
): Effect.Effect<A, SourceError, R> => {
  const { servers } = loginOf(address)
  const first = (target: TargetSessionAttrs) => firstOf(address, servers, (server) => open(server, target))
  if (address.target !== "prefer-standby") return first(address.target)
  return Effect.catchIf(first("standby"), mayPassToNext, () => first("any"))
}
