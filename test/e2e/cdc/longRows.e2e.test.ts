/** Rows with values of megabytes, in every form in which a value can be long. PostgreSQL prints the rows that are expected. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { rawRows } from "../../support/csv/rawRows.ts"
import { openLakeFolder } from "../../support/lake/lakeFolder.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { carry, texts } from "../../support/program/carried.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { runProgram } from "../../support/program/program.ts"

const names = ["id", "a", "b", "c", "d", "e"] as const
const columns = "id integer, a text, b bytea, c bit varying, d numeric, e text[]"

/** `written` holds each change as PostgreSQL prints it. Its own lines stand between the others, and nobody follows it. */
const setup = `
  CREATE TABLE public.t (${columns}, PRIMARY KEY (id));
  ALTER TABLE public.t REPLICA IDENTITY FULL;
  ALTER TABLE public.t ALTER a SET STORAGE EXTERNAL;
  CREATE TABLE public.written (n serial, op text, seq integer, before text, unchanged text, ${columns});
  CREATE FUNCTION public.old_row(r public.t) RETURNS text LANGUAGE sql AS $$
    SELECT '{' || concat_ws(',', ${names.map((name) => `'"${name}":' || to_json(r.${name}::text)`).join()}) || '}'
  $$;`

const long = (piece: string, bytes: number) => `repeat(${piece}, ${bytes})`

/** Pieces of odd lengths, so that windows cut letters and pairs of quotes. */
const rows: ReadonlyArray<string> = [
  `${long(`'ç''"'''','`, 150_001)}, decode(${long("'0a27'", 500_000)}, 'hex'), NULL, NULL, '{}'`,
  `'', NULL, (${long("'011'", 400_000)})::bit varying, 1, ARRAY[${long(`'\\ "'`, 100_000)}, NULL]`,
  `${long(`'"'`, 1_100_000)}, '', '101', (${long("'7'", 100_000)} || '.' || ${long("'3'", 16_000)})::numeric, NULL`,
  `${long("E'\\n\\t\\x01'", 400_000)}, NULL, NULL, 'NaN', NULL`,
  "'short', 'x', '1', 2.50, '{a}'",
]

const oldRow = (id: number) => `(SELECT public.old_row(t) FROM public.t WHERE id = ${id})`

/** Makes the change and writes down how it prints: `seq` is the number of its line. */
const change = (op: string, seq: number, sql: string, before = "NULL", unchanged = "NULL", row = "made.*") =>
  `WITH made AS (${sql} RETURNING *)
   INSERT INTO public.written (op, seq, before, unchanged, ${names}) SELECT '${op}', ${seq}, ${before}, ${unchanged}, ${row} FROM made`

const together = (statements: ReadonlyArray<string>) => `BEGIN; ${statements.join("; ")}; COMMIT`

const changes: ReadonlyArray<string> = [
  together(rows.map((row, i) => change("I", 2 * i + 1, `INSERT INTO public.t VALUES (${i + 1}, ${row})`))),
  // Under FULL: `a` is not sent, for it does not change, and is taken from the old row.
  change("U", 1, "UPDATE public.t SET id = 11 WHERE id = 1", oldRow(1)),
  change("U", 1, "UPDATE public.t SET a = upper(a) || '.', d = -d WHERE id = 3", oldRow(3)),
  change("U", 1, "UPDATE public.t SET e = NULL WHERE id = 2", oldRow(2)),
  change("U", 1, "UPDATE public.t SET a = NULL WHERE id = 4", oldRow(4)),
  together([
    change("D", 1, "DELETE FROM public.t WHERE id = 11"),
    change("D", 3, "DELETE FROM public.t WHERE id = 2"),
    change("I", 5, `INSERT INTO public.t VALUES (6, ${rows[0]})`),
  ]),
  "ALTER TABLE public.t REPLICA IDENTITY DEFAULT",
  change("U", 1, "UPDATE public.t SET b = b || b WHERE id = 6", "NULL", "'{a}'", "id, NULL, b, c, d, e"),
]

/** The columns that tell the commit are taken out. */
const plain = (row: string): string =>
  row.replace(/^([IUD]),[0-9A-F]{8}\/[0-9A-F]{8},(\d+),\d+,[^,]+,/, "$1,$2,")

layer(TestPostgres.shared, { excludeTestServices: true })("inc", (it) => {
  it.effect("holds long rows as PostgreSQL prints them, whatever they are made of", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({ setup, tables: "public.t" })
      yield* carry(pipeline, changes)
      const written = (yield* texts(pipeline, "inc/")).flatMap((text) => rawRows(text).slice(1)).map(plain)

      const other = yield* openLakeFolder
      yield* runProgram(["full"], {
        ...pipeline.environment,
        LAKE_URL: other.url,
        SOURCE_TABLES: "public.written",
      })
      const [key = ""] = yield* other.objects("full/")
      const expected = rawRows(yield* other.text(key))
        .slice(1)
        .map((row) => row.replace(/^\d+,/, ""))
      assert.strictEqual(written.length, 13)
      // Not shown where they differ: each is a page of megabytes.
      assert.deepStrictEqual(
        written.map((row, i) => row === expected[i]),
        expected.map(() => true),
      )
    }),
  )
})
