/** One connection on a network that breaks, hangs and delays: it must always end, and never end in silence. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises"
import type { AddressInfo, Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer, Option, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { connect } from "../../../layers/postgres/connection/PostgresSession.ts"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"
import { eventually } from "../../support/eventually.ts"
import { startingServer } from "../../support/libpq/listeningServer.ts"
import { nobodysPort } from "../../support/network/ports.ts"
import { type TcpProxyOptions, tcpProxy } from "../../support/network/tcpProxy.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { sourceAddress } from "../../support/postgres/sourceAddress.ts"

const addressAt = (host: string, port: number, password: string): SourceAddress =>
  sourceAddress(`postgres://postgres:${encodeURIComponent(password)}@${host}:${port}/postgres`)

/** A network to the server, and the address that leads through it. */
const openNetwork = Effect.fnUntraced(function* (options?: TcpProxyOptions) {
  const { server } = yield* TestPostgres
  const network = yield* tcpProxy(server.port, options)
  return {
    network,
    address: { ...addressAt("127.0.0.1", network.port, server.password), user: Option.some(server.user) },
  }
})

/** About 20 MB, more than all the buffers on the way hold. */
const largeCopy = "COPY (SELECT n, repeat('x', 1000) FROM generate_series(1, 20000) AS n) TO STDOUT"

const bytesOf = <E, R>(copy: Stream.Stream<Uint8Array, E, R>) =>
  Stream.runFold(
    copy,
    () => 0,
    (sum, chunk: Uint8Array) => sum + chunk.length,
  )

/** Something happens when the first piece has come and is not taken yet. */
const atFirst = <E, R>(copy: Stream.Stream<Uint8Array, E, R>, happening: Effect.Effect<unknown>) =>
  Stream.mapEffect(copy, (chunk, i) => (i === 0 ? Effect.as(happening, chunk) : Effect.succeed(chunk)))

/** Resets the connection once so many bytes have come from the server. */
const breaksAfter = (bytes: number): TcpProxyOptions => {
  let seen = 0
  return {
    answer: (piece) => {
      seen += piece.length
      return seen > bytes ? undefined : [piece]
    },
  }
}

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("a session", (it) => {
  it.effect("prints every value the same way, whatever the database's defaults are", () =>
    Effect.gen(function* () {
      const { database, server } = yield* TestPostgres
      const { name, sql } = yield* database()
      const settings: ReadonlyArray<readonly [string, string, string]> = [
        ["DateStyle", "ISO, MDY", "'SQL, DMY'"],
        ["IntervalStyle", "postgres", "'iso_8601'"],
        ["TimeZone", "UTC", "'America/Sao_Paulo'"],
        ["bytea_output", "hex", "'escape'"],
        ["client_encoding", "UTF8", "'LATIN1'"],
        ["extra_float_digits", "1", "'-15'"],
        ["lc_monetary", "C", "'POSIX'"],
        ["quote_all_identifiers", "off", "on"],
        ["search_path", "pg_catalog", "'public'"],
        ["standard_conforming_strings", "on", "off"],
        ["xmlbinary", "base64", "'hex'"],
      ]
      for (const [setting, , hostile] of settings) {
        yield* sql(`ALTER DATABASE ${name} SET ${setting} = ${hostile}`)
      }
      const address = addressAt("127.0.0.1", server.port, server.password)
      const session = yield* connect(
        { ...address, user: Option.some(server.user), database: Option.some(name) },
        "test",
      )
      const rows = yield* session.query("settings", "SELECT name, setting FROM pg_settings")
      // A name is shown with its quotes where it was set while they were still wished for.
      const found = new Map(rows.map((row) => [row["name"], row["setting"]?.replaceAll('"', "")]))
      assert.deepStrictEqual(
        settings.map(([setting]) => [setting, found.get(setting)]),
        settings.map(([setting, promised]) => [setting, promised]),
      )
    }),
  )

  it.effect("fails a copy when the connection breaks in the middle of it", () =>
    Effect.gen(function* () {
      const { address } = yield* openNetwork(breaksAfter(5_000_000))
      const session = yield* connect(address, "test")
      const error = yield* Effect.flip(bytesOf(session.copy("table t", largeCopy)))
      assert.deepStrictEqual([error.reason, error.subject], ["Unreachable", "table t"])
    }),
  )

  it.effect("fails a copy when the connection breaks while its reader is slow", () =>
    Effect.gen(function* () {
      const { network, address } = yield* openNetwork()
      const session = yield* connect(address, "test")
      const slow = atFirst(session.copy("table t", largeCopy), network.cut)
      assert.strictEqual((yield* Effect.flip(bytesOf(slow))).reason, "Unreachable")
    }),
  )

  it.effect("fails a copy with a transient error when the server ends the session in the middle of it", () =>
    Effect.gen(function* () {
      const { sql } = yield* TestPostgres
      const { address } = yield* openNetwork()
      const session = yield* connect(address, "doomed")
      const end = sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'afluente doomed'",
      )
      const copy = atFirst(session.copy("table t", largeCopy), Effect.orDie(end))
      const { reason, isRetryable } = yield* Effect.flip(bytesOf(copy))
      // A server that waits for the client to read ends the session without a word; any other one says 57P01 first.
      assert.include(["Unreachable", "Restarting"], reason)
      assert.isTrue(isRetryable)
    }),
  )

  it.effect("fails a copy with what the server says when a row of it fails", () =>
    Effect.gen(function* () {
      const { address } = yield* openNetwork()
      const session = yield* connect(address, "test")
      const sql =
        "COPY (SELECT 1 / (15000 - n), repeat('x', 1000) FROM generate_series(1, 20000) AS n) TO STDOUT"
      const error = yield* Effect.flip(bytesOf(session.copy("table t", sql)))
      assert.deepStrictEqual([error.reason, error.detail], ["Failed", "PostgreSQL reported error 22012"])
    }),
  )

  it.effect("knows the number of rows although the end of the answer comes in pieces", () =>
    Effect.gen(function* () {
      // CopyDone is `c` and its own length; the number comes in the message after it.
      const copyDone = Buffer.from([0x63, 0, 0, 0, 4])
      const { address } = yield* openNetwork({
        answer: (bytes) => {
          const at = bytes.indexOf(copyDone)
          return at < 0 ? [bytes] : [bytes.subarray(0, at + 5), bytes.subarray(at + 5)]
        },
      })
      const session = yield* connect(address, "test")
      const copy = session.copyRows("table t", "COPY (SELECT FROM generate_series(1, 7)) TO STDOUT")
      const rows = yield* Stream.runFold(
        copy,
        () => 0,
        (sum, chunk) => sum + chunk.rows,
      )
      assert.strictEqual(rows, 7)
    }),
  )

  it.effect("ends when its reader has had enough of a copy, and lets the server go", () =>
    Effect.gen(function* () {
      const { sql } = yield* TestPostgres
      const { address } = yield* openNetwork()
      const first = Stream.take(
        Stream.unwrap(Effect.map(connect(address, "bored"), (session) => session.copy("table t", largeCopy))),
        1,
      )
      yield* Effect.scoped(Stream.runDrain(first))
      yield* eventually(
        "the server's session ends",
        Effect.map(
          sql("SELECT FROM pg_stat_activity WHERE application_name = 'afluente bored'"),
          (sessions) => sessions.length === 0,
        ),
      )
    }),
  )

  it.effect("is not said to have ended when its reader fails in the middle of a copy", () =>
    Effect.gen(function* () {
      const { address } = yield* openNetwork()
      const session = yield* connect(address, "test")
      const ended = yield* Effect.forkChild(Effect.exit(session.ended))
      const read = atFirst(session.copy("table t", largeCopy), Effect.interrupt)
      yield* Effect.exit(Stream.runDrain(read))
      yield* eventually(
        "the connection is over",
        Effect.map(Effect.exit(session.query("server", "SELECT 1")), Exit.isFailure),
      )
      assert.strictEqual(ended.pollUnsafe(), undefined)
    }),
  )

  it.effect("tells with the next query that the connection broke while it was idle", () =>
    Effect.gen(function* () {
      const { network, address } = yield* openNetwork()
      const session = yield* connect(address, "test")
      yield* network.cut
      const ask = session.query("slot", "SELECT 1 AS one")
      yield* eventually("it has noticed", Effect.map(Effect.exit(ask), Exit.isFailure))
      assert.strictEqual((yield* Effect.flip(ask)).reason, "Unreachable")
    }),
  )

  it.effect("is closed although the server is silent in the middle of a query", () =>
    Effect.gen(function* () {
      const { network, address } = yield* openNetwork()
      const scope = yield* Scope.make()
      const session = yield* Scope.provide(connect(address, "test"), scope)
      const asked = yield* network.freezeOnceAsked("SELECT 1 AS one")
      const query = yield* Effect.forkChild(session.query("slot", "SELECT 1 AS one"))
      yield* asked
      yield* Fiber.interrupt(query)
      // The server would never let it go.
      yield* Scope.close(scope, Exit.void)
    }),
  )

  it.effect("can be given up at once while a server that is silent keeps it waiting", () =>
    Effect.gen(function* () {
      const { network, address } = yield* openNetwork()
      // In this time the program does not give it up by itself.
      const stoodStill = yield* Layer.build(TestClock.layer())
      yield* network.freeze
      const connecting = yield* Effect.forkChild(
        Effect.scoped(Effect.provide(connect(address, "test"), stoodStill)),
      )
      yield* eventually(
        "it has connected",
        Effect.sync(() => network.asked() === 1),
      )
      yield* Fiber.interrupt(connecting)
    }),
  )

  for (const [moment, text] of [
    ["welcome it", undefined],
    ["take its settings", "client_connection_check_interval"],
  ] as const) {
    it.effect(`is out of reach after 10 seconds where the server does not ${moment}`, () =>
      Effect.gen(function* () {
        const { network, address } = yield* openNetwork()
        // Of the program's time only: the proxy is waited for in real time.
        const clock = yield* Layer.build(TestClock.layer())
        if (text === undefined) yield* network.freeze
        const silent =
          text === undefined
            ? eventually(
                "it has connected",
                Effect.sync(() => network.asked() === 1),
              )
            : yield* network.freezeOnceAsked(text)
        const connecting = yield* Effect.forkChild(
          Effect.flip(Effect.scoped(Effect.provide(connect(address, "test"), clock))),
        )
        yield* silent
        yield* Effect.provide(TestClock.adjust("10 seconds"), clock)
        assert.strictEqual((yield* Fiber.join(connecting)).reason, "Unreachable")
      }),
    )
  }

  it.effect("is out of reach where the host's name is not known", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Effect.scoped(connect(addressAt("does-not-exist.invalid", 5432, "x"), "test")),
      )
      assert.deepStrictEqual([error.reason, error.isRetryable], ["Unreachable", true])
    }),
  )

  const withQuery = Effect.fnUntraced(function* (hosts: (port: number) => string, query: string) {
    const { server } = yield* TestPostgres
    const login = `${server.user}:${encodeURIComponent(server.password)}`
    return sourceAddress(`postgres://${login}@${hosts(server.port)}/postgres?${query}`)
  })
  const alone = (port: number) => `127.0.0.1:${port}`
  const behindNobody = (port: number) => `127.0.0.1:${nobodysPort},127.0.0.1:${port}`

  it.effect("is with the next server where the first one is starting up", () =>
    Effect.gen(function* () {
      const starting = yield* Effect.acquireRelease(
        Effect.callback<Server>((resume) => {
          const server = startingServer()
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close()),
      )
      // A server on a port has no path for an address.
      const { port } = starting.address() as AddressInfo
      const address = yield* withQuery((other) => `127.0.0.1:${port},127.0.0.1:${other}`, "")
      yield* Effect.scoped(connect(address, "test"))
    }),
  )

  for (const target of ["any", "read-write", "primary", "prefer-standby"]) {
    it.effect(`comes about on a primary with target_session_attrs=${target}`, () =>
      Effect.gen(function* () {
        const address = yield* withQuery(alone, `target_session_attrs=${target}`)
        yield* Effect.scoped(connect(address, "test"))
      }),
    )
  }

  for (const [target, misfit] of [
    ["standby", "it is not a standby"],
    ["read-only", "it takes writes"],
  ] as const) {
    it.effect(`is refused on a primary with target_session_attrs=${target}, which may change`, () =>
      Effect.gen(function* () {
        const address = yield* withQuery(alone, `target_session_attrs=${target}`)
        const error = yield* Effect.flip(Effect.scoped(connect(address, "test")))
        assert.deepStrictEqual(
          [error.isRetryable, error.detail],
          [true, `${misfit}, and target_session_attrs asks for ${target}`],
        )
      }),
    )
  }

  it.effect("leaves no session behind on a server that is not the one that is asked for", () =>
    Effect.gen(function* () {
      const { sql } = yield* TestPostgres
      const address = yield* withQuery(alone, "target_session_attrs=standby")
      yield* Effect.flip(connect(address, "misfit"))
      const sessions = sql("SELECT FROM pg_stat_activity WHERE application_name = 'afluente misfit'")
      yield* eventually(
        "the server's session ends",
        Effect.map(sessions, (found) => found.length === 0),
      )
    }),
  )

  it.effect("is of the first server of the list that answers", () =>
    Effect.gen(function* () {
      const session = yield* connect(yield* withQuery(behindNobody, ""), "test")
      assert.deepStrictEqual(yield* session.query("", "SELECT 1 AS one"), [{ one: "1" }])
    }),
  )

  it.effect("names every server of the list where none is of use", () =>
    Effect.gen(function* () {
      const address = yield* withQuery(behindNobody, "target_session_attrs=standby")
      const error = yield* Effect.flip(Effect.scoped(connect(address, "test")))
      const { server } = yield* TestPostgres
      assert.match(
        error.detail,
        new RegExp(`^127.0.0.1:1: .*ECONNREFUSED.*; 127.0.0.1:${server.port}: it is not`),
      )
    }),
  )

  it.effect("is not looked for at the next server where the first one refuses the password", () =>
    Effect.gen(function* () {
      const { server } = yield* TestPostgres
      const both = `127.0.0.1:${server.port},127.0.0.1:${nobodysPort}`
      const address = sourceAddress(`postgres://${server.user}:wrong@${both}/postgres`)
      const error = yield* Effect.flip(Effect.scoped(connect(address, "test")))
      assert.deepStrictEqual([error.reason, error.isRetryable], ["Password", false])
    }),
  )

  it.effect("takes no password file that others may read, and says so", () =>
    Effect.gen(function* () {
      const { server } = yield* TestPostgres
      const folder = yield* Effect.acquireRelease(
        Effect.promise(() => mkdtemp(join(tmpdir(), "pgpass-"))),
        (made) => Effect.promise(() => rm(made, { recursive: true })),
      )
      const file = join(folder, "pgpass")
      yield* Effect.promise(() => writeFile(file, `*:*:*:*:${server.password}\n`, { mode: 0o644 }))
      const address = sourceAddress(
        `postgres://${server.user}@127.0.0.1:${server.port}/postgres?passfile=${file}`,
      )
      const refused = yield* Effect.flip(Effect.scoped(connect(address, "test")))
      assert.deepStrictEqual(
        [refused.reason, refused.detail.includes(`chmod 600 ${file}`)],
        ["Password", true],
      )
      yield* Effect.promise(() => chmod(file, 0o600))
      yield* Effect.scoped(connect(address, "test"))
    }),
  )

  it.effect("is given up after connect_timeout", () =>
    Effect.gen(function* () {
      const { network, address } = yield* openNetwork()
      yield* network.freeze
      const error = yield* Effect.flip(
        Effect.scoped(connect({ ...address, connectTimeout: Option.some(Duration.millis(50)) }, "test")),
      )
      assert.include(error.detail, "no answer within 0.05 seconds")
    }),
  )
})
