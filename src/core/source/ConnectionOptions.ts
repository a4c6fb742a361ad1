/**
 * The connection parameters of libpq: which are read, which are accepted because their value changes nothing, and which are
 * refused. None is ignored silently.
 * Source: PostgreSQL manual, chapter "libpq", sections "Parameter Key Words" and "Environment Variables".
 */
import { Option } from "effect"

/** Keyword and value, as a connection string, a service file or the environment gives them. */
export type ConnectionOptions = ReadonlyMap<string, string>

interface Parameter {
  /** libpq's environment variable. Absent: there is none, or the sessions set the value themselves. */
  readonly variable?: string
  /** Absent: the parameter is read. Present: only matching values are accepted, because they change nothing. */
  readonly only?: RegExp
  readonly example: string
}

const nothing = /^$/

const parameters: Readonly<Record<string, Parameter>> = {
  host: { variable: "PGHOST", example: "db.example" },
  hostaddr: { variable: "PGHOSTADDR", example: "10.0.0.7" },
  port: { variable: "PGPORT", example: "5432" },
  user: { variable: "PGUSER", example: "afluente" },
  password: { variable: "PGPASSWORD", example: "text" },
  passfile: { variable: "PGPASSFILE", example: "/run/secrets/pgpass" },
  dbname: { variable: "PGDATABASE", example: "loja" },
  service: { variable: "PGSERVICE", example: "loja" },
  target_session_attrs: { variable: "PGTARGETSESSIONATTRS", example: "read-write" },
  sslmode: { variable: "PGSSLMODE", example: "require" },
  sslrootcert: { variable: "PGSSLROOTCERT", example: "/etc/ssl/ca.pem" },
  sslcert: { variable: "PGSSLCERT", example: "/etc/ssl/afluente.crt" },
  sslkey: { variable: "PGSSLKEY", example: "/etc/ssl/afluente.key" },
  application_name: { variable: "PGAPPNAME", example: "afluente" },
  connect_timeout: { variable: "PGCONNECT_TIMEOUT", example: "10" },
  options: { variable: "PGOPTIONS", example: "-c statement_timeout=0" },
  // The program sets its own, as psql does.
  fallback_application_name: { only: /(?:)/, example: "" },
  client_encoding: { only: /^(auto|utf-?8)?$/i, example: "UTF8" },
  channel_binding: { variable: "PGCHANNELBINDING", only: /^(disable|prefer)?$/, example: "prefer" },
  gssencmode: { variable: "PGGSSENCMODE", only: /^(disable|prefer)?$/, example: "disable" },
  gssdelegation: { variable: "PGGSSDELEGATION", only: /^0?$/, example: "0" },
  gsslib: { variable: "PGGSSLIB", only: /^(gssapi)?$/, example: "gssapi" },
  krbsrvname: { variable: "PGKRBSRVNAME", only: /^(postgres)?$/, example: "postgres" },
  load_balance_hosts: { variable: "PGLOADBALANCEHOSTS", only: /^(disable)?$/, example: "disable" },
  keepalives: { only: /^1?$/, example: "1" },
  keepalives_idle: { only: nothing, example: "" },
  keepalives_interval: { only: nothing, example: "" },
  keepalives_count: { only: nothing, example: "" },
  tcp_user_timeout: { only: /^0?$/, example: "0" },
  min_protocol_version: { variable: "PGMINPROTOCOLVERSION", only: /^(3\.0)?$/, example: "3.0" },
  max_protocol_version: { variable: "PGMAXPROTOCOLVERSION", only: /^(3\.0|latest)?$/, example: "3.0" },
  replication: { only: /^(false|off|no|0)?$/i, example: "false" },
  require_auth: { variable: "PGREQUIREAUTH", only: nothing, example: "" },
  requirepeer: { variable: "PGREQUIREPEER", only: nothing, example: "" },
  requiressl: { variable: "PGREQUIRESSL", only: /^(?!1)/, example: "0" },
  servicefile: { only: nothing, example: "" },
  sslcertmode: { variable: "PGSSLCERTMODE", only: /^(allow)?$/, example: "allow" },
  sslcompression: { variable: "PGSSLCOMPRESSION", only: /^[01]?$/, example: "0" },
  sslcrl: { variable: "PGSSLCRL", only: nothing, example: "" },
  sslcrldir: { variable: "PGSSLCRLDIR", only: nothing, example: "" },
  sslnegotiation: { variable: "PGSSLNEGOTIATION", only: /^(postgres)?$/, example: "postgres" },
  sslpassword: { only: nothing, example: "" },
  sslsni: { variable: "PGSSLSNI", only: /^1?$/, example: "1" },
  ssl_max_protocol_version: {
    variable: "PGSSLMAXPROTOCOLVERSION",
    only: /^(TLSv1\.3)?$/i,
    example: "TLSv1.3",
  },
  ssl_min_protocol_version: {
    variable: "PGSSLMINPROTOCOLVERSION",
    only: /^(TLSv1\.2)?$/i,
    example: "TLSv1.2",
  },
}

const parameterOf = (keyword: string): Option.Option<Parameter> =>
  Object.hasOwn(parameters, keyword) ? Option.fromNullishOr(parameters[keyword]) : Option.none()

export interface ConnectionVariable {
  readonly variable: string
  readonly keyword: string
  readonly example: string
}

/** The environment variables of libpq, each with its keyword and an example value for messages. */
export const connectionVariables: ReadonlyArray<ConnectionVariable> = Object.entries(parameters).flatMap(
  ([keyword, { variable, example }]) => (variable === undefined ? [] : { variable, keyword, example }),
)

export const isKnownParameter = (keyword: string): boolean => Option.isSome(parameterOf(keyword))

/** Returns why a parameter cannot have this value, without repeating it; none if it can. */
export const unsupported = (keyword: string, value: string): Option.Option<string> =>
  Option.match(parameterOf(keyword), {
    onNone: () => Option.some(`the parameter ${keyword} is unknown to libpq; take it out`),
    onSome: ({ only, example }) => {
      if (only === undefined || only.test(value)) return Option.none()
      return Option.some(
        example === ""
          ? `the parameter ${keyword} is not supported; take it out`
          : `the parameter ${keyword} is supported as ${keyword}=${example} only; take it out`,
      )
    },
  })
