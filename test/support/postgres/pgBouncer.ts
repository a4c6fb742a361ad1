/** PgBouncer before the server of a test, from where the system's package puts it or `PGBOUNCER` says. */
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { isRoot, nobody, temporaryFolder } from "../../../layers/embedded/EmbeddedAccount.ts"
import { eventually } from "../eventually.ts"
import { freePort, isAnswered } from "../network/ports.ts"

export type PoolMode = "session" | "transaction"

const program = (): string => {
  const found = [process.env["PGBOUNCER"] ?? "", "/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].find(existsSync)
  if (found !== undefined) return found
  throw new Error(
    "PgBouncer is not there. Install it (Debian: apt-get install pgbouncer), or name its program in PGBOUNCER.",
  )
}

const unquoted = (part: string): string => decodeURIComponent(part)

/** Before the servers of these URLs, which name the same server and database: the same URLs, through the pool. */
export const openPgBouncer = (
  mode: PoolMode,
  poolSize: number,
  urls: ReadonlyArray<string>,
): Effect.Effect<ReadonlyArray<string>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.promise(async () => mkdtemp(join(await temporaryFolder(), "pgbouncer-"))),
      (made) => Effect.promise(() => rm(made, { recursive: true, force: true })),
    )
    const port = yield* freePort
    const parsed = urls.map((url) => new URL(url))
    const [server] = parsed
    const users = parsed.map(({ username, password }) => `"${unquoted(username)}" "${unquoted(password)}"\n`)
    const settings = `[databases]
* = host=${server?.hostname} port=${server?.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, "users.txt")}
pool_mode = ${mode}
default_pool_size = ${poolSize}
`
    yield* Effect.promise(async () => {
      await writeFile(join(folder, "users.txt"), users.join(""))
      await writeFile(join(folder, "pgbouncer.ini"), settings)
      await chmod(folder, 0o700)
      // It refuses to run as root.
      if (isRoot()) await chown(folder, nobody.uid, nobody.gid)
    })
    let told = ""
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(program(), ["-q", join(folder, "pgbouncer.ini")], {
          stdio: ["ignore", "ignore", "pipe"],
          ...(isRoot() ? nobody : {}),
        })
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
          told += text
        })
        return child
      }),
      (child) => Effect.sync(() => child.kill("SIGKILL")),
    )
    yield* eventually("PgBouncer answers", isAnswered(port)).pipe(
      Effect.catchDefect((defect) => Effect.die(new Error(`${defect}\n${told}`))),
    )
    return parsed.map((url) => {
      url.hostname = "127.0.0.1"
      url.port = String(port)
      return url.href
    })
  })
