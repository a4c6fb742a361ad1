import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { csvRow } from "../../../src/core/csv/Csv.ts"
import { printTextArray } from "../../../src/core/source/TextArray.ts"
import { csvRows } from "../../support/csv/csvRows.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"

const literal = (value: string | null) => (value === null ? "NULL::text" : `'${value.replaceAll("'", "''")}'`)

/** What `COPY … (FORMAT csv)` writes for these rows. The server writes a file, so that no driver stands between. */
const copied = Effect.fn("copied")(function* (rows: ReadonlyArray<ReadonlyArray<string | null>>) {
  const { server, sql } = yield* TestPostgres
  const values = rows.map((row) => `(${row.map(literal).join(", ")})`).join(", ")
  const path = literal(`${server.dataFolder}/rows.csv`)
  yield* sql(`COPY (VALUES ${values}) TO ${path} (FORMAT csv)`)
  const [file] = yield* sql(`SELECT encode(pg_read_binary_file(${path}), 'base64') AS bytes`)
  return Buffer.from(file?.["bytes"] ?? "", "base64").toString("utf8")
})

layer(TestPostgres.shared, { excludeTestServices: true })("PostgreSQL prints", (it) => {
  for (const fields of [1, 3]) {
    it.effect.prop(
      `rows of ${fields === 1 ? "one field" : "several fields"} as csvRow does`,
      [csvRows(fields)],
      ([rows]) =>
        Effect.gen(function* () {
          assert.strictEqual(rows.map(csvRow).join(""), yield* copied(rows))
        }),
      { arbitrary: { runs: 100 } },
    )
  }

  it.effect("the old end-of-data mark as csvRow does", () =>
    Effect.gen(function* () {
      for (const rows of [[["\\."]], [["\\.", null]], [["\\.\n"]], [["\\. "]]]) {
        assert.strictEqual(rows.map(csvRow).join(""), yield* copied(rows))
      }
    }),
  )

  it.effect.prop(
    "an array of text as printTextArray does",
    [csvRows(3)],
    ([rows]) =>
      Effect.gen(function* () {
        const { sql } = yield* TestPostgres
        const elements = [
          ...rows.flat().map((value) => value ?? "null"),
          "NULL",
          "nullx",
          "{a}",
          "\v",
          "\f",
          "\u00a0",
        ]
        const [row] = yield* sql(`SELECT ARRAY[${elements.map(literal).join(", ")}]::text AS printed`)
        assert.strictEqual(printTextArray(elements), row?.["printed"])
      }),
    { arbitrary: { runs: 50 } },
  )
})
