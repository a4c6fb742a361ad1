/** What stands wrong in `.env`. */
import { Effect } from "effect"
import type { Failure } from "../Failure.ts"
import type { Operator } from "../world/Operator.ts"

export const settingFailures = (operator: Operator): ReadonlyArray<Failure> => [
  {
    title: "Several settings are wrong",
    wrong: "Four values that cannot be used.",
    provoke: Effect.andThen(
      operator.anew(),
      operator.set({
        REPLICATION_SLOT: "My-Slot",
        POLL_INTERVAL: "soon",
        BATCH_MAX_CHANGES: "0",
        LOG_FORMAT: "xml",
      }),
    ),
    command: "init",
    code: 2,
    words:
      /4 settings cannot be used:.*?For example: ([^\n]+).*?For example: ([^\n]+).*?For example: ([^\n]+).*?For example: ([^\n]+)/s,
    mend: (...examples) =>
      operator.set(
        Object.fromEntries(
          examples.map((example) => [
            example.slice(0, example.indexOf("=")),
            example.slice(example.indexOf("=") + 1),
          ]),
        ),
      ),
  },
  {
    title: "A table without its schema",
    wrong: "PostgreSQL would look for it in the search path; here nothing is guessed.",
    provoke: Effect.andThen(operator.anew({ slot: true }), operator.set({ SOURCE_TABLES: "cliente" })),
    command: "full",
    code: 2,
    words: /"cliente" has no schema: write schema\.table/,
    mend: () => operator.set({ SOURCE_TABLES: "db_loja.cliente=clientes" }),
  },
  {
    title: "Another layout than the lake was begun with",
    wrong: "The lake has one table in the layout `single`.",
    provoke: Effect.andThen(operator.anew({ lake: true }), operator.set({ LAKE_LAYOUT: "datasets" })),
    command: "cdc --once",
    code: 3,
    words: /Set (LAKE_LAYOUT)=(single)/,
    mend: (name = "", value = "") => operator.set({ [name]: value }),
  },
  {
    title: "A second table in a lake with room for one",
    wrong: "The lake was begun as `single`, and a table was added to `SOURCE_TABLES`.",
    provoke: operator
      .anew({ lake: true })
      .pipe(
        Effect.andThen(
          operator.sql(
            "CREATE TABLE IF NOT EXISTS db_loja.produto (id bigint PRIMARY KEY); GRANT SELECT ON db_loja.produto TO afluente;",
          ),
        ),
        Effect.andThen(operator.set({ SOURCE_TABLES: "db_loja.cliente=clientes,db_loja.produto" })),
      ),
    command: "cdc --once",
    code: 3,
    words:
      /Choose another LAKE_URL and a slot of its own for it, set LAKE_LAYOUT=(datasets) there, and run `(init)`, `(full)` and `(cdc)`/,
    mend: (layout = "", init = "", full = "") =>
      operator
        .set({ LAKE_URL: "file:./lake2", REPLICATION_SLOT: "second_slot", LAKE_LAYOUT: layout })
        .pipe(Effect.andThen(operator.run(init)), Effect.andThen(operator.run(full))),
  },
]
