/** Over how many sessions the catalog is asked. */
import { connect, createServer, type Socket } from "node:net"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PostgresSourceTables from "../../../layers/postgres/copy/PostgresSourceTables.ts"
import { SourceTables } from "../../../src/services/source/SourceTables.ts"
import { listening } from "../../support/network/ports.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { sourceAddress } from "../../support/postgres/sourceAddress.ts"

const setup = "CREATE TABLE t (id integer PRIMARY KEY); CREATE TABLE u (id integer PRIMARY KEY)"
const named = (name: string) => ({ schema: "public", name })

/** Another way to a server, on which the connections are counted. */
const countedWay = Effect.fnUntraced(function* (url: string) {
  const { hostname, port } = new URL(url)
  const sockets: Array<Socket> = []
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    sockets.push(near)
    near.on("error", () => far.destroy()).pipe(far)
    far.on("error", () => near.destroy()).pipe(near)
  })
  const own = yield* listening(server, () => {
    for (const socket of sockets) socket.destroy()
  })
  const counted = new URL(url)
  counted.host = `127.0.0.1:${own}`
  return { url: counted.href, connections: () => sockets.length }
})

layer(TestPostgres.shared, { excludeTestServices: true })("The catalog", (it) => {
  it.effect("is asked about several tables over one connection, also where one does not exist", () =>
    Effect.gen(function* () {
      const { superuserUrl } = yield* (yield* TestPostgres).database(setup)
      const { url, connections } = yield* countedWay(superuserUrl)
      yield* Effect.provide(
        Effect.gen(function* () {
          const { describe, mayRead } = yield* SourceTables
          const asks = [
            describe(named("t")),
            Effect.ignore(describe(named("none"))),
            describe(named("u")),
            Effect.flatMap(describe(named("t")), mayRead),
          ]
          // Side by side, so that the session is not idle between two of them, however slow the machine is.
          yield* Effect.forEach(asks, (ask) => ask, { concurrency: "unbounded", discard: true })
        }),
        PostgresSourceTables.layer(sourceAddress(url)),
      )
      assert.strictEqual(connections(), 1)
    }),
  )
})
