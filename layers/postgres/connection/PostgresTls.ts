/**
 * Decides whether and how a connection is encrypted, by libpq's rules.
 * Source: PostgreSQL manual, chapter "libpq", section "SSL Support".
 */
import { X509Certificate } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import type { ConnectionOptions } from "node:tls"
import { Effect, Option } from "effect"
import type { SourceAddress, SslMode } from "../../../src/core/source/SourceAddress.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"

type Way = "clear" | "encrypted"

/** The second one is tried if the server does not accept the first. */
const ways: Readonly<Record<SslMode, readonly [Way, Way?]>> = {
  disable: ["clear"],
  allow: ["clear", "encrypted"],
  prefer: ["encrypted", "clear"],
  require: ["encrypted"],
  "verify-ca": ["encrypted"],
  "verify-full": ["encrypted"],
}

/** True if the other way may work: one side has no TLS, or its certificate or `pg_hba.conf` does not accept this way. */
const isBarred = ({ reason, detail }: SourceError): boolean =>
  reason === "Tls" || (reason === "Password" && detail.includes("pg_hba.conf"))

/** Returns the file of a setting, else libpq's default file if it exists. */
const fileOf = (given: Option.Option<string>, name: string): Option.Option<string> =>
  Option.orElse(given, () => Option.filter(Option.some(join(homedir(), ".postgresql", name)), existsSync))

const readPem = (variable: string, given: Option.Option<string>, name: string, subject: string) =>
  Effect.try({
    try: () => {
      const file = fileOf(given, name)
      if (Option.isNone(file)) return undefined
      const text = readFileSync(file.value, "utf8")
      // Throws for a file without a certificate, which would otherwise mean to trust nobody.
      if (variable !== "PGSSLKEY") new X509Certificate(text)
      return text
    },
    catch: (cause) => {
      const why = cause instanceof Error ? cause.message : String(cause)
      return new SourceError({
        reason: "Tls",
        subject,
        detail: `the file of ${variable} cannot be used (${why})`,
      })
    },
  })

const tlsOptions = Effect.fnUntraced(function* (
  address: SourceAddress,
  subject: string,
): Effect.fn.Return<ConnectionOptions, SourceError> {
  const ca = yield* readPem("PGSSLROOTCERT", address.sslRootCert, "root.crt", subject)
  const cert = yield* readPem("PGSSLCERT", address.sslCert, "postgresql.crt", subject)
  const key = yield* readPem("PGSSLKEY", address.sslKey, "postgresql.key", subject)
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    // Given authorities are checked in every mode; without any, `verify-…` checks against those that Node knows.
    rejectUnauthorized: ca !== undefined || address.sslMode.startsWith("verify-"),
    // Only `verify-full` checks the host of the certificate.
    ...(address.sslMode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  }
})

/** Connects by `sslMode`: calls `open` with the driver's `ssl` option. A local socket is never encrypted. */
export const bySslMode = <A, R>(
  address: SourceAddress,
  host: string,
  subject: string,
  open: (ssl: ConnectionOptions | false) => Effect.Effect<A, SourceError, R>,
): Effect.Effect<A, SourceError, R> =>
  Effect.gen(function* () {
    const [first, second] = host.startsWith("/") ? ways.disable : ways[address.sslMode]
    if (first === "clear" && second === undefined) return yield* open(false)
    // Before the first attempt: an unreadable file is a mistake, and no reason to connect without encryption.
    const options = yield* tlsOptions(address, subject)
    const by = (way: Way) => open(way === "clear" ? false : options)
    if (second === undefined) return yield* by(first)
    return yield* Effect.catchIf(by(first), isBarred, (before) =>
      Effect.mapError(by(second), (error) =>
        isBarred(error)
          ? new SourceError({ ...error, detail: `${before.detail}; ${second}: ${error.detail}` })
          : error,
      ),
    )
  })
