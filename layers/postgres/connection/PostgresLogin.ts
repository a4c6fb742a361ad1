/** User, database and servers of a connection, with libpq's defaults. */
import { existsSync } from "node:fs"
import { isIP } from "node:net"
import { userInfo } from "node:os"
import type { ConnectionOptions } from "node:tls"
import { Option } from "effect"
import type { ClientConfig } from "pg"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"
import { passwordFor } from "./PostgresPassword.ts"

export interface Server {
  /** The name, address or socket folder of the settings: for the certificate, the password file and messages. */
  readonly name: string
  /** The address to connect to: `hostaddr` if set, else the name. */
  readonly target: string
  readonly port: number
}

const defaultSockets = "/var/run/postgresql"

/** libpq's default: the local socket if it exists. */
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

/** The address for messages: `loja on db.example:5432`. */
export const describeAddress = (address: SourceAddress): string => {
  const { database, servers } = loginOf(address)
  return describe(database, servers)
}

/** Like `describeAddress`, for one server of the list. */
export const describeServer = (address: SourceAddress, server: Server): string =>
  describe(loginOf(address).database, [server])

/** Compares the certificate with the name, also if `hostaddr` is the address to connect to. */
const named = (ssl: ConnectionOptions | false, { name, target }: Server) => {
  if (ssl === false || name === target) return ssl
  return { ...ssl, host: name, ...(isIP(name) === 0 ? { servername: name } : {}) }
}

/** Returns the driver's configuration. Sets every value that the driver would otherwise read from the environment. */
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
