/** What happens to a slot, and to the watermark that says how far the lake has come. */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import { openSession } from "../../../test/support/postgres/pgClient.ts"
import type { Failure } from "../Failure.ts"
import type { Operator } from "../world/Operator.ts"

/** What a refusal tells whose lake cannot be gone on with. */
const startOver =
  /To begin anew: drop the slot "\w+" \(`node dist\/main\.js (drop-slot)`\), choose an empty LAKE_URL, then run `(init)`, `(full)` and `(cdc)`/

/** The same where there is no slot to drop. */
const startOverWithoutSlot =
  /To begin anew: choose an empty LAKE_URL, then run `(init)`, `(full)` and `(cdc)`/

const beginAnew =
  (operator: Operator) =>
  (dropSlot = "", init = "", full = "") =>
    operator
      .run(dropSlot, "--yes")
      .pipe(
        Effect.andThen(operator.set({ LAKE_URL: "file:./lake2" })),
        Effect.andThen(operator.run(init)),
        Effect.andThen(operator.run(full)),
      )

const chooseAnotherSlot =
  (operator: Operator) =>
  (name = "", init = "") =>
    Effect.andThen(operator.set({ [name]: "data_sync_slot_2" }), operator.run(init))

const watermark = (operator: Operator) => join(operator.folder, "lake", "inc", "_watermark.txt")

export const slotFailures = (operator: Operator): ReadonlyArray<Failure> => [
  {
    title: "No slot yet",
    wrong: "`init` was forgotten.",
    provoke: operator.anew(),
    command: "cdc --once",
    code: 2,
    words: /Create it with `node dist\/main\.js (init)`, then run `(full)`/,
    mend: (init = "", full = "") => Effect.andThen(operator.run(init), operator.run(full)),
  },
  {
    title: "The slot is gone, and the lake was written from it",
    wrong: "Somebody dropped it.",
    provoke: Effect.andThen(
      operator.anew({ lake: true }),
      operator.sql("SELECT pg_drop_replication_slot('data_sync_slot');"),
    ),
    command: "cdc --once",
    code: 3,
    words: startOverWithoutSlot,
    mend: (init = "", full = "") =>
      operator
        .set({ LAKE_URL: "file:./lake2" })
        .pipe(Effect.andThen(operator.run(init)), Effect.andThen(operator.run(full))),
  },
  {
    title: "The slot is another plugin's",
    wrong: "A slot of this name is somebody else's.",
    provoke: Effect.andThen(
      operator.anew(),
      operator.sql("SELECT pg_create_logical_replication_slot('data_sync_slot', 'pgoutput');"),
    ),
    command: "cdc --once",
    code: 2,
    words: /Choose another (REPLICATION_SLOT) and run `node dist\/main\.js (init)`/,
    mend: chooseAnotherSlot(operator),
  },
  {
    title: "The slot is another database's",
    wrong: "Two pipelines with the default name, on one server.",
    provoke: Effect.andThen(operator.anew(), elsewhere(operator)),
    command: "cdc --once",
    code: 2,
    words: /choose another (REPLICATION_SLOT) and run `node dist\/main\.js (init)`/,
    mend: chooseAnotherSlot(operator),
  },
  {
    title: "The slot is lost",
    wrong: "`cdc` stood still for longer than `max_slot_wal_keep_size` allows.",
    provoke: operator
      .anew({ lake: true })
      .pipe(
        Effect.andThen(operator.sql("ALTER SYSTEM SET max_slot_wal_keep_size = '16MB';")),
        Effect.andThen(operator.sql("SELECT pg_reload_conf();")),
        Effect.andThen(Effect.repeat(switchWal(operator), { times: 3 })),
      ),
    command: "cdc --once",
    code: 3,
    words: new RegExp(`Raise (max_slot_wal_keep_size)\\. ${startOver.source}`),
    mend: (setting = "", ...commands) =>
      operator
        .sql(`ALTER SYSTEM SET ${setting} = '50GB';`)
        .pipe(
          Effect.andThen(operator.sql("SELECT pg_reload_conf();")),
          Effect.andThen(beginAnew(operator)(...commands)),
        ),
  },
  {
    title: "Another reader moved the slot",
    wrong: "Somebody looked into the slot with the function that also confirms.",
    provoke: operator
      .anew({ lake: true })
      .pipe(
        Effect.andThen(operator.sell),
        Effect.andThen(
          operator.sql("SELECT count(*) FROM pg_logical_slot_get_changes('data_sync_slot', NULL, NULL);"),
        ),
      ),
    command: "cdc --once",
    code: 3,
    words: startOver,
    mend: beginAnew(operator),
  },
  {
    title: "PostgreSQL was restored from a backup",
    wrong:
      "Its log ends before the lake's watermark. (Here the watermark was moved forward instead, which comes to the same.)",
    provoke: Effect.andThen(
      operator.anew({ lake: true }),
      spoilWatermark(operator, "sed -i '1s|.*|FF/0|' lake/inc/_watermark.txt", (text) =>
        text.replace(/^.*/, "FF/0"),
      ),
    ),
    command: "cdc --once",
    code: 3,
    words: startOver,
    mend: beginAnew(operator),
  },
  {
    title: "A watermark that is cut short",
    wrong: "The file was copied by hand, and not to its end.",
    provoke: operator
      .anew({ lake: true })
      .pipe(
        Effect.andThen(operator.sell),
        Effect.andThen(
          spoilWatermark(operator, "truncate -s -20 lake/inc/_watermark.txt", (text) => text.slice(0, -20)),
        ),
      ),
    command: "cdc --once",
    code: 3,
    words: /write the slot's confirmed_flush_lsn \((SELECT .*?)\) as its only line/,
    mend: (sql = "") =>
      Effect.flatMap(operator.sql(sql), (rows) => {
        const line = rows.find((row) => row["slot_name"] === "data_sync_slot")?.["confirmed_flush_lsn"] ?? ""
        operator.transcript.show(`$ echo '${line}' > lake/inc/_watermark.txt`)
        return Effect.promise(() => writeFile(watermark(operator), `${line}\n`))
      }),
  },
]

/** `typed` is what a person would have typed to the same effect. */
function spoilWatermark(operator: Operator, typed: string, change: (text: string) => string) {
  return Effect.promise(async () => {
    operator.transcript.show(`$ ${typed}`)
    await writeFile(watermark(operator), change(await readFile(watermark(operator), "utf8")))
  })
}

/** Its scope closes with the failure: a slot keeps its database. */
function elsewhere(operator: Operator) {
  return Effect.gen(function* () {
    const { server } = operator.source()
    const { sql } = yield* openSession(server.url("postgres"))
    yield* sql("SELECT pg_create_logical_replication_slot('data_sync_slot', 'test_decoding')")
    yield* Effect.addFinalizer(() => Effect.ignore(sql("SELECT pg_drop_replication_slot('data_sync_slot')")))
    operator.transcript.show(
      "postgres=# SELECT pg_create_logical_replication_slot('data_sync_slot', 'test_decoding');",
    )
  }).pipe(Effect.orDie)
}

/** A segment of the log is full, and may be removed. */
function switchWal(operator: Operator) {
  return Effect.suspend(() => {
    const { sql } = operator.source()
    return operator.sell.pipe(
      Effect.andThen(sql("SELECT pg_switch_wal()")),
      Effect.andThen(sql("CHECKPOINT")),
      Effect.orDie,
    )
  })
}
