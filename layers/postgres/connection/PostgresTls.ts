/**
 * Whether and how a connection is encrypted, by libpq's rules.
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

/** The second one is for a server that bars the first. */
const ways: Readonly<Record<SslMode, readonly [Way, Way?]>> = {
  disable: ["clear"],
  allow: ["clear", "encrypted"],
  prefer: ["encrypted", "clear"],
  require: ["encrypted"],
  "verify-ca": ["encrypted"],
  "verify-full": ["encrypted"],
}

/** Without TLS on one side, by its certificate, or by `pg_hba.conf`: the other way may be open. */
const isBarred = ({ reason, detail }: SourceError): boolean =>
  reason === "Tls" || (reason === "Password" && detail.includes("pg_hba.conf"))

/** What a setting names, else libpq's own place for it where something lies there. */
const fileOf = (given: Option.Option<string>, name: string): Option.Option<string> =>
  Option.orElse(given, () => Option.filter(Option.some(join(homedir(), ".postgresql", name)), existsSync))

const readPem = (variable: string, given: Option.Option<string>, name: string, subject: string) =>
  Effect.try({
    try: () => {
      const file = fileOf(given, name)
      if (Option.isNone(file)) return undefined
      const text = readFileSync(file.value, "utf8")
      // A file without a certificate would be taken for one that trusts nobody.
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
    // Whoever names authorities wants them asked, in every mode; without any, `verify-…` asks those that Node knows.
    rejectUnauthorized: ca !== undefined || address.sslMode.startsWith("verify-"),
    // Only here it matters for which host the certificate is.
    ...(address.sslMode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  }
})

/** Connects as `sslMode` says: `open` is given what the driver takes for `ssl`. A local socket is never encrypted. */
export const bySslMode = <A, R>(
  address: SourceAddress,
  host: string,
  subject: string,
  open: (ssl: ConnectionOptions | false) => Effect.Effect<A, SourceError, R>,
): Effect.Effect<A, SourceError, R> =>
  Effect.gen(function* () {
    const [first, second] = host.startsWith("/") ? ways.disable : ways[address.sslMode]
    if (first === "clear" && second === undefined) return yield* open(false)
    // Before anything is tried: a file that cannot be read is a mistake, and no reason to go on in clear.
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
