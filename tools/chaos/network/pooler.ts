/** A PgBouncer that pools sessions, between `cdc` and PostgreSQL, which is restarted now and then. */
import { type ChildProcess, spawn } from "node:child_process"
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises"
import { connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { listening } from "./sourceProxy.ts"

export interface Pooler {
  readonly port: number
  /** Breaks every connection through it. */
  readonly restart: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface PoolerOptions {
  readonly serverPort: number
  readonly role: string
  readonly password: string
}

/** Debian's account without rights: PgBouncer refuses to run as root. */
const nobody = 65534

/** Where Debian installs it: not on everybody's path. */
const program = "/usr/sbin/pgbouncer"

const freePort = async (): Promise<number> => {
  const server = createServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

const isAnswered = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false))
    socket.once("connect", () => socket.destroy())
  })

export const startPooler = async ({ serverPort, role, password }: PoolerOptions): Promise<Pooler> => {
  const folder = await mkdtemp(join(tmpdir(), "chaos-pooler-"))
  const port = await freePort()
  const [config, users] = [join(folder, "pgbouncer.ini"), join(folder, "users.txt")]
  const lines = [
    "[databases]",
    `* = host=127.0.0.1 port=${serverPort}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    "auth_type = scram-sha-256",
    `auth_file = ${users}`,
    "pool_mode = session",
    "default_pool_size = 60",
    "ignore_startup_parameters = extra_float_digits, options",
    "server_login_retry = 1",
    `logfile = ${join(folder, "log")}`,
  ]
  await writeFile(config, `${lines.join("\n")}\n`)
  await writeFile(users, `"${role}" "${password}"\n`)
  const isRoot = process.getuid?.() === 0
  if (isRoot) for (const path of [folder, config, users]) await chown(path, nobody, nobody)

  let child: ChildProcess | undefined
  const start = async () => {
    const started = spawn(program, ["-q", config], {
      stdio: ["ignore", "ignore", "pipe"],
      ...(isRoot ? { uid: nobody, gid: nobody } : {}),
    })
    let said = ""
    started.stderr.on("data", (bytes) => (said += bytes))
    child = started
    for (let tries = 0; !(await isAnswered(port)); tries++) {
      if (tries > 100 || started.exitCode !== null) throw new Error(`PgBouncer does not start: ${said}`)
      await setTimeout(50)
    }
  }
  const close = async () => {
    const ended = child
    if (ended === undefined || ended.exitCode !== null) return
    const gone = new Promise((resolve) => ended.once("exit", resolve))
    ended.kill("SIGKILL")
    await gone
  }
  process.once("exit", () => child?.kill("SIGKILL"))
  await start()
  return {
    port,
    close: async () => {
      await close()
      await rm(folder, { recursive: true, force: true })
    },
    restart: async () => {
      await close()
      await start()
    },
  }
}
