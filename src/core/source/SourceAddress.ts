/** How to reach PostgreSQL, derived from libpq's connection parameters. */

import { Duration, Option, Redacted, Result } from "effect"
import { counted } from "../text/CountedNoun.ts"
import type { ConnectionOptions } from "./ConnectionOptions.ts"

/** Source: PostgreSQL manual, "SSL Mode Descriptions". */
const sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const
export type SslMode = (typeof sslModes)[number]

/** Which servers of a list are accepted. Source: PostgreSQL manual, `target_session_attrs`. */
const targets = ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"] as const
export type TargetSessionAttrs = (typeof targets)[number]

export const sessionPoolers = ["refuse", "allow"] as const
export type SessionPooler = (typeof sessionPoolers)[number]

export interface SourceHost {
  /** A name, an address, or the folder of a unix socket. None: libpq's default, a local socket or localhost. */
  readonly host: Option.Option<string>
  /** The address to connect to instead of looking up `host`, which then is only the name on the certificate. */
  readonly hostAddress: Option.Option<string>
  readonly port: number
}

export interface SourceAddress {
  /** Tried in this order. Never empty. */
  readonly hosts: ReadonlyArray<SourceHost>
  readonly target: TargetSessionAttrs
  /** None: the name of the operating system's user. */
  readonly user: Option.Option<string>
  /** None: the password file's. */
  readonly password: Option.Option<Redacted.Redacted>
  /** Read if no password is set. */
  readonly passwordFile: Option.Option<string>
  /** None: the same as the user. */
  readonly database: Option.Option<string>
  /** None: the program's own name for the session. */
  readonly applicationName: Option.Option<string>
  /** Given to the server as command-line options of the session. */
  readonly options: Option.Option<string>
  /** Per host. None: the program's own limit. */
  readonly connectTimeout: Option.Option<Duration.Duration>
  readonly sslMode: SslMode
  /** File with the certificates of the authorities to trust. */
  readonly sslRootCert: Option.Option<string>
  /** Files with a certificate of our own and its key, for a server that asks for one. */
  readonly sslCert: Option.Option<string>
  readonly sslKey: Option.Option<string>
  /** `allow`: the operator guarantees that a pooler in between keeps one server session per connection. */
  readonly sessionPooler: SessionPooler
}

export interface OptionProblem {
  readonly keyword: string
  readonly why: string
}

const oneOf = <A extends string>(
  options: ConnectionOptions,
  keyword: string,
  known: ReadonlyArray<A>,
  fallback: A,
): Result.Result<A, OptionProblem> => {
  const value = options.get(keyword)
  const found = value === undefined ? fallback : known.find((one) => one === value)
  return found === undefined
    ? Result.fail({ keyword, why: `one of ${known.join(", ")} is expected` })
    : Result.succeed(found)
}

const parsePort = (text: string): Option.Option<number> => {
  if (text.trim() === "") return Option.some(5432)
  const port = /^\s*\+?\d{1,9}\s*$/.test(text) ? Number(text) : 0
  return port >= 1 && port <= 65_535 ? Option.some(port) : Option.none()
}

const isNumeric = (address: string): boolean =>
  /^\d+(\.\d+){3}$|^[0-9a-f.]*:[0-9a-f:.]*(%.+)?$/i.test(address)

/** Combines the lists of hosts, addresses and ports by index; a single port is for all hosts. */
const hostsOf = (options: ConnectionOptions): Result.Result<ReadonlyArray<SourceHost>, OptionProblem> => {
  const list = (keyword: string) => (options.get(keyword) ?? "").split(",")
  const [names, addresses, ports] = [list("host"), list("hostaddr"), list("port")]
  const hasAddresses = addresses.join("") !== "" || addresses.length > 1
  const count = hasAddresses ? addresses.length : names.length
  if (hasAddresses && (options.get("host") ?? "") !== "" && names.length !== count) {
    return Result.fail({
      keyword: "hostaddr",
      why: `${counted(count, "address is", "addresses are")} given for ${counted(names.length, "host")}`,
    })
  }
  if (ports.length !== 1 && ports.length !== count) {
    return Result.fail({
      keyword: "port",
      why: `${counted(ports.length, "port is", "ports are")} given for ${counted(count, "host")}`,
    })
  }
  if (names.some((name) => name.startsWith("@"))) {
    return Result.fail({ keyword: "host", why: "sockets in the abstract namespace (@…) are not supported" })
  }
  if (addresses.some((address) => address !== "" && !isNumeric(address))) {
    return Result.fail({ keyword: "hostaddr", why: "an IPv4 or IPv6 address is expected; names go to host" })
  }
  const hosts: Array<SourceHost> = []
  const given = (text = "") => (text === "" ? Option.none<string>() : Option.some(text))
  for (let i = 0; i < count; i++) {
    const port = parsePort(ports[ports.length === 1 ? 0 : i] ?? "")
    if (Option.isNone(port)) {
      return Result.fail({ keyword: "port", why: "a number from 1 to 65535 is expected" })
    }
    hosts.push({ host: given(names[i]), hostAddress: given(addresses[i]), port: port.value })
  }
  return Result.succeed(hosts)
}

/** Reads seconds. As in libpq, 0 and less mean the default, and 1 counts as 2. */
const connectTimeoutOf = (
  options: ConnectionOptions,
): Result.Result<Option.Option<Duration.Duration>, OptionProblem> => {
  const text = (options.get("connect_timeout") ?? "").trim()
  if (text === "") return Result.succeedNone
  if (!/^[-+]?\d{1,6}$/.test(text)) {
    return Result.fail({ keyword: "connect_timeout", why: "a whole number of seconds is expected" })
  }
  return Result.succeed(
    Number(text) > 0 ? Option.some(Duration.seconds(Math.max(2, Number(text)))) : Option.none(),
  )
}

const problemOf = (result: Result.Result<unknown, OptionProblem>): ReadonlyArray<OptionProblem> =>
  Result.isFailure(result) ? [result.failure] : []

/** Returns the address, or all problems of the parameters. No problem repeats a value. */
export const sourceAddressOf = (
  options: ConnectionOptions,
): Result.Result<SourceAddress, ReadonlyArray<OptionProblem>> => {
  const text = (keyword: string) => Option.filter(Option.fromNullishOr(options.get(keyword)), (v) => v !== "")
  const hosts = hostsOf(options)
  const target = oneOf(options, "target_session_attrs", targets, "any")
  const sslMode = oneOf(options, "sslmode", sslModes, "prefer")
  const connectTimeout = connectTimeoutOf(options)
  const isNameless =
    Result.isSuccess(sslMode) &&
    sslMode.success === "verify-full" &&
    Result.isSuccess(hosts) &&
    hosts.success.some(({ host, hostAddress }) => Option.isNone(host) && Option.isSome(hostAddress))
  const problems = [
    ...[hosts, target, sslMode, connectTimeout].flatMap(problemOf),
    ...(options.get("user") === "" ? [{ keyword: "user", why: "it is set and empty" }] : []),
    ...(isNameless
      ? [{ keyword: "hostaddr", why: "sslmode=verify-full needs the name of the host too: set host" }]
      : []),
  ]
  const read = Result.all({ hosts, target, sslMode, connectTimeout })
  if (problems.length > 0 || Result.isFailure(read)) return Result.fail(problems)
  return Result.succeed({
    ...read.success,
    user: text("user"),
    password: Option.map(text("password"), (p) => Redacted.make(p)),
    passwordFile: text("passfile"),
    database: text("dbname"),
    applicationName: text("application_name"),
    options: text("options"),
    sslRootCert: text("sslrootcert"),
    sslCert: text("sslcert"),
    sslKey: text("sslkey"),
    sessionPooler: "refuse",
  })
}
