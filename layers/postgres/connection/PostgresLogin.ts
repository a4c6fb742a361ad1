/** Who connects to what: libpq's defaults where the settings say nothing. */
import { existsSync } from "node:fs"
import { isIP } from "node:net"
import { userInfo } from "node:os"
import type { ConnectionOptions } from "node:tls"
import { Option } from "effect"
import type { ClientConfig } from "pg"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"
import { passwordFor } from "./PostgresPassword.ts"

export interface Server {
  /** The name, address or socket folder that the settings give: on the certificate, in the password file, in messages. */
  readonly name: string
  /** What is connected to: `hostaddr` where it is set, else the name. */
  readonly target: string
  readonly port: number
}

const defaultSockets = "/var/run/postgresql"

/** libpq's default: the local socket where there is one. */
const defaultHost = (port: number): string =>
  [defaultSockets, "/tmp"].find((folder) => existsSync(`${folder}/.s.PGSQL.${port}`)) ?? "localhost"

export const loginOf = (address: SourceAddress) => {
  const user = Option.getOrElse(address.user, () => userInfo().username)
  const servers = address.hosts.map(({ host, hostAddress, port }): Server => {
    const name = Option.getOrElse(
      Option.orElse(host, () => hostAddress),
      () => defaultHost(port),
    )
    return { name, target: Option.getOrElse(hostAddress, () => name), port }
  })
  return { servers, user, database: Option.getOrElse(address.database, () => user) }
}

const describe = (database: string, servers: ReadonlyArray<Server>): string =>
  `${database} on ${servers.map(({ name, port }) => `${name}:${port}`).join(", ")}`

/** Where we connect to, for messages: `loja on db.example:5432`. */
export const describeAddress = (address: SourceAddress): string => {
  const { database, servers } = loginOf(address)
  return describe(database, servers)
}

/** The same for one server of the list. */
export const describeServer = (address: SourceAddress, server: Server): string =>
  describe(loginOf(address).database, [server])

/** The certificate is held against the name, also where `hostaddr` says what to connect to. */
const named = (ssl: ConnectionOptions | false, { name, target }: Server) => {
  if (ssl === false || name === target) return ssl
  return { ...ssl, host: name, ...(isIP(name) === 0 ? { servername: name } : {}) }
}

/** What the driver is given; whatever it would take from the environment by itself is set here. */
export const clientConfig = (
  address: SourceAddress,
  server: Server,
  ssl: ConnectionOptions | false,
  purpose: string,
): ClientConfig => {
  const { user, database } = loginOf(address)
  const host = server.name === defaultSockets ? "localhost" : server.name
  return {
    host: server.target,
    port: server.port,
    user,
    database,
    ssl: named(ssl, server),
    password: passwordFor(address, { host, port: server.port, database, user }),
    application_name: Option.getOrElse(address.applicationName, () => `afluente ${purpose}`),
    ...Option.match(address.options, { onNone: () => ({}), onSome: (options) => ({ options }) }),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // Every value as PostgreSQL prints it: a number that JavaScript cannot hold must not be rounded.
    types: { getTypeParser: () => (value: unknown) => value },
  }
}
