/**
 * One connection to the source, set up so that every value prints the same, independent of the server's defaults.
 * The driver is loaded with the first connection: `--help` does not need it.
 */

import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Duration, Effect, Option, type Scope, Stream } from "effect"
import type { Client, ClientConfig } from "pg"
import type {
  SessionPooler,
  SourceAddress,
  TargetSessionAttrs,
} from "../../../src/core/source/SourceAddress.ts"
import { counted } from "../../../src/core/text/CountedNoun.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"
import type { CopiedRows } from "../../../src/services/source/SourceTables.ts"
import { sourceError } from "../errors/PostgresErrors.ts"
import { RowCopyStream } from "../protocol/RowCopyStream.ts"
import { assertTarget, atFirstServer } from "./PostgresHosts.ts"
import { clientConfig, describeServer } from "./PostgresLogin.ts"
import { type ServerProcess, setUp } from "./PostgresPooler.ts"
import { sessionSettings } from "./PostgresSessionSettings.ts"
import { bySslMode } from "./PostgresTls.ts"

export { describeAddress, loginOf } from "./PostgresLogin.ts"

export type Row = Readonly<Record<string, string | null>>

export interface PostgresSession {
  readonly server: ServerProcess
  /**
   * Fails with `Unreachable` when the server or the network ends the connection. A copy that its reader cuts short ends it
   * too, and is not reported here: the reader's own error is the cause.
   */
  readonly ended: Effect.Effect<never, SourceError>
  /** Returns rows with every value as text. `subject` is that of errors. */
  readonly query: (
    subject: string,
    sql: string,
    values?: ReadonlyArray<string | number>,
  ) => Effect.Effect<ReadonlyArray<Row>, SourceError>
  /**
   * The bytes of a `COPY … TO STDOUT`. Cutting it short ends the session. If the server itself refuses or aborts it, the session
   * stays usable.
   */
  readonly copy: (subject: string, sql: string) => Stream.Stream<Uint8Array, SourceError>
  /** The rows of a `COPY … TO STDOUT` in text, without a header. Otherwise as `copy`. */
  readonly copyRows: (subject: string, sql: string) => Stream.Stream<CopiedRows, SourceError>
  /** Sends bytes to a `COPY … FROM STDIN`. */
  readonly load: (subject: string, sql: string, bytes: Uint8Array) => Effect.Effect<void, SourceError>
}

/** Default of `connect_timeout`: from the look-up of the name until the session is set up. */
const usualTimeout = Duration.seconds(10)

/**
 * If the network drops a statement, TCP notices it only after a quarter of an hour. This is longer than any of our statements
 * takes: the longest, confirming a large backlog, reads a few hundred MB of WAL per second.
 */
const answerTimeout = "5 minutes"

const unanswered = (subject: string, within: string) =>
  new SourceError({ reason: "Unreachable", subject, detail: `no answer within ${within}` })

/**
 * Fails at once when the server or the network ends the connection, not only at the next query. `isCut` is true if we ended
 * it.
 */
const ending = (client: Client, subject: string, isCut: () => boolean): Effect.Effect<never, SourceError> =>
  Effect.callback((resume) => {
    const onEnd = () => {
      if (isCut()) return
      resume(new SourceError({ reason: "Unreachable", subject, detail: "the connection has ended" }))
    }
    if (client.connection.stream.destroyed) return onEnd()
    client.once("end", onEnd)
    return Effect.sync(() => client.off("end", onEnd))
  })

/** Closes an idle session properly, and a busy one by closing its socket. */
const close = (client: Client) =>
  Effect.promise(() => client.end()).pipe(
    Effect.timeoutOption("500 millis"),
    Effect.andThen(Effect.sync(() => client.connection.stream.destroy())),
    Effect.ignore,
  )

/**
 * Connects until the scope closes. The client belongs to the scope before it connects, so that an interruption does not wait
 * for a server that does not answer.
 */
const open = Effect.fnUntraced(function* (
  config: ClientConfig,
  subject: string,
  target: TargetSessionAttrs,
  sessionPooler: SessionPooler,
  timeout: Duration.Duration,
) {
  const { default: pg } = yield* Effect.promise(() => import("pg"))
  const newClient = Effect.sync(() => {
    const client = new pg.Client(config)
    // A connection that breaks between two queries emits this; the next query fails with the same cause.
    client.on("error", () => {})
    return client
  })
  const client = yield* Effect.acquireRelease(newClient, close)
  const server = yield* Effect.tryPromise({
    try: async () => {
      await client.connect()
      const server = await setUp(client, subject, sessionPooler, sessionSettings)
      await assertTarget(client, target, subject)
      return server
    },
    catch: sourceError(subject),
  }).pipe(
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => unanswered(subject, counted(Duration.toSeconds(timeout), "second")),
    }),
    Effect.onError(() => Effect.sync(() => client.connection.stream.destroy())),
  )
  return { client, server }
})

/** Connects to the source. `purpose` is shown in `pg_stat_activity`, unless `application_name` is set: `afluente cdc`. */
export const connect = (
  address: SourceAddress,
  purpose: string,
): Effect.Effect<PostgresSession, SourceError, Scope.Scope> =>
  Effect.gen(function* () {
    const timeout = Option.getOrElse(address.connectTimeout, () => usualTimeout)
    const { client, server, subject } = yield* atFirstServer(address, (host, target) => {
      const subject = describeServer(address, host)
      return Effect.map(
        bySslMode(address, host.name, subject, (ssl) =>
          open(clientConfig(address, host, ssl, purpose), subject, target, address.sessionPooler, timeout),
        ),
        (opened) => ({ ...opened, subject }),
      )
    })
    // Imported as a whole: the bundle keeps its names only in the default export.
    const { default: copyStreams } = yield* Effect.promise(() => import("pg-copy-streams"))
    let isCut = false
    /** The chunks of a COPY. `atEnd` runs after the last one. */
    const output = <A>(about: string, readable: Readable, atEnd: Effect.Effect<void, SourceError>) => {
      let isOver = false
      // The driver reports the end of the connection also to a copy that nobody reads any more.
      readable.on("error", () => {
        isOver = true
      })
      return NodeStream.fromReadable<A, SourceError>({
        evaluate: () => readable,
        onError: sourceError(about),
        chunkSize: 8,
        closeOnDone: false,
      }).pipe(
        Stream.onEnd(atEnd),
        // The rest of a COPY cannot be skipped cheaply: the connection is closed, and the server stops by itself.
        Stream.onExit((exit) =>
          Effect.sync(() => {
            if (exit._tag === "Success") return
            // A copy that has ended must read nothing more from the connection, which the next statement uses.
            if (isOver) return void readable.destroy()
            isCut = true
            client.connection.stream.destroy()
          }),
        ),
      )
    }
    return {
      server,
      ended: ending(client, subject, () => isCut),
      query: (about, sql, values = []) =>
        Effect.tryPromise({
          try: () => client.query<Record<string, string | null>>(sql, [...values]),
          catch: sourceError(about),
        }).pipe(
          Effect.map((result) => result.rows),
          Effect.timeoutOrElse({ duration: answerTimeout, orElse: () => unanswered(about, answerTimeout) }),
        ),
      load: (about, sql, bytes) =>
        Effect.tryPromise({
          try: () => pipeline(Readable.from([bytes]), client.query(copyStreams.from(sql))),
          catch: sourceError(about),
        }),
      copy: (about, sql) =>
        Stream.suspend(() =>
          output<Uint8Array>(
            about,
            client.query(copyStreams.to(sql, { highWaterMark: 1 << 18 })),
            Effect.void,
          ),
        ),
      copyRows: (about, sql) =>
        Stream.suspend(() => {
          const readable = client.query(new RowCopyStream(sql))
          // The number of rows arrives after the last byte, perhaps later: the answer to the next query follows it.
          const answered = Effect.tryPromise({ try: () => client.query(""), catch: sourceError(about) })
          return output<CopiedRows>(about, readable, Effect.andThen(answered, checkCount(about, readable)))
        }),
    }
  })

/** Fails if a proxy has divided or joined the messages: objects would end in the middle of a row. */
const checkCount = (subject: string, readable: RowCopyStream) =>
  Effect.suspend(() => {
    const { rows, rowCount } = readable
    return rows === rowCount ? Effect.void : Effect.fail(miscounted(subject, rows, rowCount))
  })

const miscounted = (subject: string, rows: number, rowCount: number | undefined) =>
  new SourceError({
    reason: "Failed",
    subject,
    detail: `the server counted ${rowCount ?? "no"} rows, and ${rows} messages arrived: a proxy has changed them. Connect to the server directly`,
  })
