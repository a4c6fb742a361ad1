/** A `DATABASE_URL` as the layers take it. */
import { Option, Result } from "effect"
import { parseDatabaseUrl, type SourceAddress } from "../../src/core/SourceAddress.ts"

export const sourceAddress = (url: string): SourceAddress => {
  const none = Option.none<never>()
  const unset = { host: none, port: 5432, user: none, password: none, database: none, sslRootCert: none }
  return {
    ...unset,
    sslCert: none,
    sslKey: none,
    sslMode: "disable",
    ...Result.getOrThrow(parseDatabaseUrl(url)),
  }
}
