/** What is wrong with the server, the database, the table or the role. */
import { Effect } from "effect"
import type { Failure } from "../Failure.ts"
import type { Operator } from "../world/Operator.ts"

/** Runs `doctor`, and every statement that it prints. */
export const asDoctorSays = Effect.fn("asDoctorSays")(function* (operator: Operator) {
  const { stdout } = yield* operator.run("doctor")
  for (const [, sql = ""] of stdout.matchAll(/^ {4,}((?:ALTER|GRANT) .*;)$/gm)) yield* operator.sql(sql)
})

const wrongUrl = (operator: Operator, change: (url: URL) => void) =>
  Effect.suspend(() => {
    const url = new URL(operator.source().url)
    change(url)
    return operator.set({ DATABASE_URL: url.href })
  })

const rightUrl = (operator: Operator) =>
  Effect.suspend(() => operator.set({ DATABASE_URL: operator.source().url }))

export const sourceFailures = (operator: Operator, wrongPassword: string): ReadonlyArray<Failure> => [
  {
    title: "A wrong password",
    wrong: "Somebody changed it.",
    provoke: Effect.andThen(
      operator.anew(),
      wrongUrl(operator, (url) => {
        url.password = wrongPassword
      }),
    ),
    command: "init",
    code: 2,
    words:
      /password authentication failed for user "afluente".*Check PGUSER and PGPASSWORD \(or DATABASE_URL\)/,
    mend: () => rightUrl(operator),
  },
  {
    title: "No such database",
    wrong: "The URL names another one.",
    provoke: Effect.andThen(
      operator.anew(),
      wrongUrl(operator, (url) => {
        url.pathname = "/lojas"
      }),
    ),
    command: "init",
    code: 2,
    words: /database "lojas" does not exist.*Correct PGDATABASE or DATABASE_URL/,
    mend: () => rightUrl(operator),
  },
  {
    title: "PostgreSQL does not run",
    wrong: "It was stopped. Every command tries for 30 s at its start.",
    provoke: Effect.andThen(
      operator.anew({ slot: true }),
      Effect.suspend(() => operator.source().server.stop("fast")),
    ),
    command: "full",
    code: 1,
    words: /PostgreSQL did not answer\. Check DATABASE_URL or PGHOST and PGPORT/,
    mend: () =>
      Effect.suspend(() => {
        operator.transcript.show("# PostgreSQL is started")
        return Effect.orDie(operator.source().server.restart)
      }),
  },
  {
    title: "No such table",
    wrong: "Its name has a letter too many.",
    provoke: Effect.andThen(
      operator.anew({ slot: true }),
      operator.set({ SOURCE_TABLES: "db_loja.clientes" }),
    ),
    command: "full",
    code: 2,
    words: /table "db_loja"\."clientes": it does not exist\. Correct SOURCE_TABLES/,
    mend: () => operator.set({ SOURCE_TABLES: "db_loja.cliente=clientes" }),
  },
  {
    title: "No right to read the table",
    wrong: "It was taken from the role.",
    provoke: Effect.andThen(
      operator.anew({ slot: true }),
      operator.sql("REVOKE SELECT ON db_loja.cliente FROM afluente;"),
    ),
    command: "full",
    code: 2,
    words: /permission denied for table cliente.*`node dist\/main\.js doctor` prints/,
    mend: () => asDoctorSays(operator),
  },
  {
    title: "No right to use slots",
    wrong: "REPLICATION was taken from the role.",
    provoke: Effect.andThen(
      operator.anew({ slot: true }),
      operator.sql("ALTER ROLE afluente NOREPLICATION;"),
    ),
    command: "cdc --once",
    code: 2,
    words: /replication.*`node dist\/main\.js doctor` prints/i,
    mend: () => asDoctorSays(operator),
  },
  {
    title: "A table whose deletes cannot be told apart",
    wrong: "It has no primary key. `cdc` carries it, and warns.",
    provoke: operator
      .anew()
      .pipe(
        Effect.andThen(
          operator.sql(
            "CREATE TABLE db_loja.pedido (cliente bigint, total numeric); GRANT SELECT ON db_loja.pedido TO afluente;",
          ),
        ),
        Effect.andThen(operator.set({ SOURCE_TABLES: "db_loja.pedido" })),
        Effect.andThen(operator.run("init")),
      ),
    command: "cdc --once",
    code: 0,
    words: /(ALTER TABLE \S+ REPLICA IDENTITY FULL;?)/,
    mend: (sql = "") => operator.sql(sql.endsWith(";") ? sql : `${sql};`),
    gone: /ALTER TABLE/,
  },
]
