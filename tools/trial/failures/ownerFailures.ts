/** A lake that is of another slot, server or database than the program is pointed at. */
import { Effect } from "effect"
import { openSession } from "../../../test/support/postgres/pgClient.ts"
import { testServer } from "../../../test/support/postgres/postgres.ts"
import { tablesSql } from "../../../test/support/postgres/role.ts"
import type { Failure } from "../Failure.ts"
import type { Operator } from "../world/Operator.ts"
import { openSource, roleAndRights, shop } from "../world/Source.ts"

export const ownerFailures = (operator: Operator): ReadonlyArray<Failure> => [
  {
    title: "The lake belongs to another slot",
    wrong: "A second pipeline was pointed at the first one's lake.",
    provoke: operator
      .anew({ lake: true })
      .pipe(
        Effect.andThen(operator.set({ REPLICATION_SLOT: "second_slot" })),
        Effect.andThen(operator.run("init")),
      ),
    command: "cdc --once",
    code: 3,
    words: /belongs to slot "(\w+)" instead of "\w+".*choose another (LAKE_URL) for this one/,
    mend: (_, name = "") => operator.set({ [name]: "file:./lake2" }),
  },
  {
    title: "The lake belongs to another server",
    wrong:
      "`DATABASE_URL` was changed to another server, which has the same table and a slot of the same name.",
    provoke: Effect.andThen(operator.anew({ lake: true }), onAnotherServer(operator)),
    command: "cdc --once",
    code: 3,
    words: /belongs to server \(system_identifier\).*Point the program at the source that this lake is of/,
    mend: () => Effect.suspend(() => operator.set({ DATABASE_URL: operator.source().url })),
  },
  {
    title: "The lake belongs to another database",
    wrong: "The same server and slot name, and the database beside it.",
    provoke: Effect.andThen(operator.anew({ lake: true }), inAnotherDatabase(operator)),
    command: "cdc --once",
    code: 3,
    words: /belongs to database "(\w+)" instead of "\w+".*choose another (LAKE_URL) for this one/,
    mend: (_, name = "") => operator.set({ [name]: "file:./lake2" }),
  },
]

/** The program is told of a server with the same shop. */
function onAnotherServer(operator: Operator) {
  return Effect.gen(function* () {
    const other = yield* openSource(yield* testServer())
    for (const sql of roleAndRights) yield* other.sql(sql)
    operator.transcript.disguise(String(other.server.port), "5433")
    yield* operator.set({ DATABASE_URL: other.url })
    yield* operator.run("init")
  }).pipe(Effect.orDie)
}

/** A slot belongs to a database: it is made anew there, and dropped with the scope. */
function inAnotherDatabase(operator: Operator) {
  return Effect.gen(function* () {
    const { server, url } = operator.source()
    const { sql: administrate } = yield* openSession(server.url("postgres"))
    yield* administrate("CREATE DATABASE loja2")
    const { sql } = yield* openSession(server.url("loja2"))
    yield* sql(shop.schema)
    yield* sql(shop.rows)
    yield* sql(tablesSql("afluente", "db_loja", "db_loja.cliente"))
    yield* sql("GRANT CONNECT ON DATABASE loja2 TO afluente")
    yield* Effect.addFinalizer(() => Effect.ignore(sql("SELECT pg_drop_replication_slot('data_sync_slot')")))
    yield* operator.run("drop-slot", "--yes")
    yield* operator.set({ DATABASE_URL: url.replace(/\/loja$/, "/loja2") })
    // `init` refuses to make one for a lake that was written from another.
    const create = "SELECT pg_create_logical_replication_slot('data_sync_slot', 'test_decoding')"
    operator.transcript.show(`loja2=# ${create};`)
    yield* sql(create)
  }).pipe(Effect.orDie)
}
