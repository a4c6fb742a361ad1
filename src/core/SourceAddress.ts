/** How to reach PostgreSQL, in libpq's terms: `DATABASE_URL`, else `PGHOST` and its siblings. */
import { Option, Redacted, Result } from "effect"

/** Source: PostgreSQL manual, "SSL Mode Descriptions". */
export const sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const
export type SslMode = (typeof sslModes)[number]

export interface SourceAddress {
  /** A name, an address, or the folder of a unix socket. None: libpq's default, a local socket or localhost. */
  readonly host: Option.Option<string>
  readonly port: number
  /** None: the name of the operating system's user. */
  readonly user: Option.Option<string>
  readonly password: Option.Option<Redacted.Redacted>
  /** None: the same as the user. */
  readonly database: Option.Option<string>
  readonly sslMode: SslMode
  /** File with the certificates of the authorities to trust. */
  readonly sslRootCert: Option.Option<string>
  /** Files with a certificate of our own and its key, for a server that asks for one. */
  readonly sslCert: Option.Option<string>
  readonly sslKey: Option.Option<string>
}

const decode = (text: string): Option.Option<string> =>
  text === "" ? Option.none() : Option.some(decodeURIComponent(text))

/**
 * What a `DATABASE_URL` says; parts that it leaves out are left to the variables. The failure never repeats the URL,
 * which holds the password.
 */
export const parseDatabaseUrl = (text: string): Result.Result<Partial<SourceAddress>, string> => {
  if (!/^postgres(ql)?:\/\//.test(text)) return Result.fail("it must begin with postgres:// or postgresql://")
  if (!URL.canParse(text)) {
    return Result.fail("it is not a URL; write special characters of the password as %-codes")
  }
  const url = new URL(text)
  const sslMode = sslModes.find((mode) => mode === url.searchParams.get("sslmode"))
  if (url.searchParams.has("sslmode") && sslMode === undefined) {
    return Result.fail(`sslmode must be one of ${sslModes.join(", ")}`)
  }
  try {
    const some = <K extends keyof SourceAddress>(key: K, value: Option.Option<unknown>) =>
      Option.isSome(value) ? { [key]: value } : {}
    const host = Option.orElse(decode(url.hostname.replace(/^\[(.*)\]$/, "$1")), () =>
      Option.fromNullishOr(url.searchParams.get("host")),
    )
    return Result.succeed({
      ...some("host", host),
      ...(url.port === "" ? {} : { port: Number(url.port) }),
      ...some("user", decode(url.username)),
      ...some(
        "password",
        Option.map(decode(url.password), (p) => Redacted.make(p)),
      ),
      ...some("database", decode(url.pathname.slice(1))),
      ...(sslMode === undefined ? {} : { sslMode }),
      ...some("sslRootCert", Option.fromNullishOr(url.searchParams.get("sslrootcert"))),
      ...some("sslCert", Option.fromNullishOr(url.searchParams.get("sslcert"))),
      ...some("sslKey", Option.fromNullishOr(url.searchParams.get("sslkey"))),
    })
  } catch {
    return Result.fail("it holds a % that is not the begin of a code; write it as %25")
  }
}
