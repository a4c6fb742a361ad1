/** Where PostgreSQL is: one URL, libpq's variables, or both, of which the URL wins. */
import { Config, Effect, Option, Redacted } from "effect"
import { parseDatabaseUrl, type SourceAddress, sslModes } from "../core/SourceAddress.ts"
import { problem, type Reading, secret, text, together, variable } from "./SettingReading.ts"

export const source: Reading<SourceAddress> = Effect.gen(function* () {
  const read = yield* together({
    url: Effect.flatMap(secret("DATABASE_URL"), (url) =>
      Option.isNone(url)
        ? Effect.succeed<Partial<SourceAddress>>({})
        : Effect.mapError(Effect.fromResult(parseDatabaseUrl(Redacted.value(url.value))), (why) =>
            problem("DATABASE_URL", "postgres://user:password@host:5432/database", why),
          ),
    ),
    host: text("PGHOST"),
    port: variable("PGPORT", "5432", Config.Port("PGPORT").pipe(Config.withDefault(5432))),
    user: text("PGUSER"),
    password: secret("PGPASSWORD"),
    database: text("PGDATABASE"),
    sslMode: variable(
      "PGSSLMODE",
      "require",
      Config.Literals(sslModes, "PGSSLMODE").pipe(Config.withDefault("prefer" as const)),
    ),
    sslRootCert: text("PGSSLROOTCERT"),
    sslCert: text("PGSSLCERT"),
    sslKey: text("PGSSLKEY"),
  })
  const { url, ...variables } = read
  return { ...variables, ...url }
})
