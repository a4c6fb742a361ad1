/** Sessions of the commands that move a slot or copy tables: they need the primary. */
import { Effect, type Scope } from "effect"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"
import { connect, describeAddress, type PostgresSession } from "./PostgresSession.ts"

/**
 * Connects; fails with `Standby` on a standby. Its slots are not the primary's, so that a slot that is missing there is no
 * reason to create or drop one.
 */
export const connectToPrimary = (
  address: SourceAddress,
  purpose: string,
): Effect.Effect<PostgresSession, SourceError, Scope.Scope> =>
  Effect.gen(function* () {
    const session = yield* connect(address, purpose)
    const [server] = yield* session.query("server", "SELECT pg_is_in_recovery() AS standby")
    if (server?.["standby"] !== "t") return session
    return yield* new SourceError({
      reason: "Standby",
      subject: describeAddress(address),
      detail: "the server is a standby: it cannot advance a slot or report its WAL position",
    })
  })
