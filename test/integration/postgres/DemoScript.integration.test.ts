import { readFileSync } from "node:fs"
import { assert, layer } from "@effect/vitest"
import { Effect, Result } from "effect"
import { parseSections, shopSections } from "../../../src/core/source/SqlSections.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"

const script = Result.getOrThrow(
  parseSections(
    readFileSync(new URL("../../../query/demo_cdc_cliente_sync.sql", import.meta.url), "utf8"),
    shopSections,
  ),
)

/** The sections in a database of its own, in the order of the file. */
const demoDatabase = Effect.gen(function* () {
  const database = yield* (yield* TestPostgres).database()
  for (const section of [script.schema, script.rows, script.publication, script.slot, script.changes]) {
    yield* database.sql(section)
  }
  const told = yield* database.sql(
    "SELECT data FROM pg_logical_slot_peek_changes('data_sync_slot', NULL, NULL)",
  )
  return { ...database, told: told.map((line) => line["data"] ?? "") }
})

layer(TestPostgres.shared, { excludeTestServices: true })("demo script", (it) => {
  it.effect("can be run again as a whole", () =>
    Effect.gen(function* () {
      const { sql } = yield* demoDatabase
      for (const section of Object.values(script)) yield* sql(section)
      assert.deepStrictEqual(yield* sql("SELECT count(*) FROM db_loja.cliente"), [{ count: "12" }])
    }),
  )

  it.effect("fills the table with rows that hold NULL beside the empty string, accents and line breaks", () =>
    Effect.gen(function* () {
      const { sql } = yield* demoDatabase
      const rows = yield* sql(`
        SELECT count(*) FILTER (WHERE observacao IS NULL) > 0 AS nulls, count(*) FILTER (WHERE observacao = '') > 0 AS empty,
               bool_or(nome ~ 'ç') AS accents, bool_or(observacao ~ E'\\n') AS breaks
        FROM db_loja.cliente`)
      assert.deepStrictEqual(rows, [{ nulls: "t", empty: "t", accents: "t", breaks: "t" }])
    }),
  )

  it.effect("changes a row without sending its large text again", () =>
    Effect.gen(function* () {
      const { told } = yield* demoDatabase
      assert.strictEqual(
        told.filter((line) => line.includes("observacao[text]:unchanged-toast-datum")).length,
        1,
      )
    }),
  )

  it.effect("changes a key, so that the WAL holds the old one", () =>
    Effect.gen(function* () {
      const { told } = yield* demoDatabase
      assert.isTrue(
        told.some((line) => line.includes("UPDATE: old-key: id[bigint]:3 new-tuple: id[bigint]:1000003")),
      )
    }),
  )

  it.effect("tells inserts, updates and deletes in seven transactions", () =>
    Effect.gen(function* () {
      const { told } = yield* demoDatabase
      const count = (pattern: RegExp) => told.filter((line) => pattern.test(line)).length
      assert.deepStrictEqual(
        [count(/^COMMIT/), count(/: INSERT:/), count(/: UPDATE:/), count(/: DELETE:/)],
        [7, 3, 8, 3],
      )
    }),
  )
})
