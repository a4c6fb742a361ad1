/**
 * One connection to the source, set up so that every value prints the same whatever the server's defaults are.
 * The driver is loaded when the first connection is made: `--help` needs none.
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
import { sourceError } from "../errors/PostgresErrors.ts"
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
   * Fails when the server or the network has ended the connection. A copy that its reader cuts short ends it too, and is
   * not reported here: what made the reader stop is the cause, and is on its way already.
   */
  readonly ended: Effect.Effect<never, SourceError>
  /** Rows with every value as text. `subject` names what an error is about. */
  readonly query: (
    subject: string,
    sql: string,
    values?: ReadonlyArray<string | number>,
  ) => Effect.Effect<ReadonlyArray<Row>, SourceError>
  /**
   * The bytes of a `COPY … TO STDOUT`; `onEnd` is told the number of rows. Cutting it short ends the session; where the
   * server itself refuses it or gives it up, the session can go on.
   */
  readonly copy: (
    subject: string,
    sql: string,
    onEnd?: (rows: number) => void,
  ) => Stream.Stream<Uint8Array, SourceError>
  /** Sends bytes to a `COPY … FROM STDIN`. */
  readonly load: (subject: string, sql: string, bytes: Uint8Array) => Effect.Effect<void, SourceError>
}

/** From the look-up of the name to a session that is set up, where the settings set no `connect_timeout`. */
const usualTimeout = Duration.seconds(10)

/**
 * A statement that was swallowed by the network is not missed by TCP for a quarter of an hour. Longer than any of ours
 * takes: the longest, confirming a large backlog, reads a few hundred MB of WAL in each second.
 */
const answerTimeout = "5 minutes"

const unanswered = (subject: string, within: string) =>
  new SourceError({ reason: "Unreachable", subject, detail: `no answer within ${within}` })

/**
 * Heard at once where the server or the network ends the connection, and not by the next query only. `isCut` says whether
 * we did.
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

/** Ends politely where the session is idle, at once where it is in the middle of something. */
const close = (client: Client) =>
  Effect.promise(() => client.end()).pipe(
    Effect.timeoutOption("500 millis"),
    Effect.andThen(Effect.sync(() => client.connection.stream.destroy())),
    Effect.ignore,
  )

/**
 * Connects for as long as the scope lives. The client belongs to the scope before it connects: whoever gives up on a
 * server that is silent (a person, or our own retry) does not wait for it.
 */
const open = Effect.fnUntraced(function* (
  config: ClientConfig,
  subject: string,
  target: TargetSessionAttrs,
  sessionPooler: SessionPooler,
  timeout: Duration.Duration,
) {
  const { default: pg } = yield* Effect.promise(() => import("pg"))
  const made = Effect.sync(() => {
    const client = new pg.Client(config)
    // A connection that breaks between two queries says so here; the next query fails with the same cause.
    client.on("error", () => {})
    return client
  })
  const client = yield* Effect.acquireRelease(made, close)
  const server = yield* Effect.tryPromise({
    try: async () => {
      await client.connect()
      const told = await setUp(client, subject, sessionPooler, sessionSettings)
      await assertTarget(client, target, subject)
      return told
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

/** `purpose` shows in `pg_stat_activity`, where no `application_name` is set: `afluente cdc`. */
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
    // Its names stand in no other place once it is bundled.
    const { default: copyStreams } = yield* Effect.promise(() => import("pg-copy-streams"))
    let isCut = false
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
      copy: (about, sql, onEnd) =>
        Stream.suspend(() => {
          const readable = client.query(copyStreams.to(sql, { highWaterMark: 1 << 18 }))
          let isOver = false
          // The driver tells the end of the connection also to a copy that nobody reads any more.
          readable.on("error", () => {
            isOver = true
          })
          // The number of rows comes after the last byte, and may come later: what is asked next is answered after it.
          const counted = Effect.tryPromise({ try: () => client.query(""), catch: sourceError(about) }).pipe(
            Effect.map(() => onEnd?.(readable.rowCount)),
          )
          return NodeStream.fromReadable<Uint8Array, SourceError>({
            evaluate: () => readable,
            onError: sourceError(about),
            chunkSize: 8,
            closeOnDone: false,
          }).pipe(
            Stream.onEnd(onEnd === undefined ? Effect.void : counted),
            // What is left of a COPY cannot be skipped cheaply: the connection goes, and the server stops by itself.
            Stream.onExit((exit) =>
              Effect.sync(() => {
                if (exit._tag === "Success") return
                // One that is over must take nothing more of the connection, which belongs to the next statement.
                if (isOver) return void readable.destroy()
                isCut = true
                client.connection.stream.destroy()
              }),
            ),
          )
        }),
    }
  })
