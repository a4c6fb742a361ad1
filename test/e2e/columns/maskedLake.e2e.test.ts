/** The lake of masked tables beside the lake of the same tables without a mask, after the same changes. */
import { createHmac } from "node:crypto"
import { gunzipSync } from "node:zlib"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { incHeader, metaColumns } from "../../../src/core/row/IncRow.ts"
import { parseTextArray, printTextArray } from "../../../src/core/source/TextArray.ts"
import { type CsvRow, parseCsv } from "../../support/csv/csvText.ts"
import {
  filesBelow,
  type LakeFolder,
  openLakeFolder,
  temporaryFolder,
} from "../../support/lake/lakeFolder.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { runProgram } from "../../support/program/program.ts"
import { awkwardRows, awkwardSetup, awkwardTable } from "../../support/table/awkwardTable.ts"

const key = "Chave com espaço e ção"
const hash = (value: string | null) =>
  value === null ? null : createHmac("sha256", key).update(value).digest("hex")

const masks = {
  COLUMNS_EXCLUDE: `*."_op", ${awkwardTable}."SELECT", "Ação; 1".*."tab\te\nlinha", *.*.J?, *."Segredo.1"`,
  COLUMNS_HASH: `"Ação; 1".*.*, public.lote.c*, *.*.v?lor, *.ok`,
  COLUMNS_HASH_KEY: key,
}
const excluded: ReadonlySet<string> = new Set(["_op", "SELECT", "tab\te\nlinha", "jb", "jp", "Segredo.1"])
const kept: ReadonlySet<string> = new Set(["id", "j1", "_seq_", "resto"])

/** `lote` needs two readers, and has a value that is read from a temporary file. */
const setup = `${awkwardSetup}
  CREATE TABLE public.lote (id integer PRIMARY KEY, codigo text NOT NULL UNIQUE, valor text, "Segredo.1" text, ok boolean, resto text);
  INSERT INTO public.lote SELECT n, 'c' || n, CASE n % 3 WHEN 1 THEN 'v"' || n WHEN 2 THEN '' END, repeat('s', 100), n % 2 = 0, NULL FROM generate_series(1, 20000) AS n`

const id = '"Id; ""n"""'
const changes = [
  `UPDATE ${awkwardTable} SET ${id} = 100 WHERE ${id} = 1`,
  `UPDATE ${awkwardTable} SET s2 = 5, jb = NULL WHERE ${id} = 11`,
  `ALTER TABLE ${awkwardTable} REPLICA IDENTITY FULL`,
  `UPDATE ${awkwardTable} SET s2 = 6, b = NOT b, bin = '' WHERE ${id} IN (3, 11, 100)`,
  `DELETE FROM ${awkwardTable} WHERE ${id} IN (2, 3, 5)`,
  `INSERT INTO ${awkwardTable} (${id}, texto, bin, vb, n) VALUES (200, repeat(repeat('ç,''', 500) || '"', 1500), decode(repeat('00ff', 800000), 'hex'), repeat('10', 1500000)::bit varying, NULL)`,
  `UPDATE ${awkwardTable} SET texto = texto || 'x' WHERE ${id} = 200`,
  "UPDATE public.lote SET codigo = 'novo' WHERE id = 1",
  "ALTER TABLE public.lote REPLICA IDENTITY USING INDEX lote_codigo_key",
  "UPDATE public.lote SET codigo = 'outro', valor = NULL WHERE id = 2",
  "DELETE FROM public.lote WHERE id = 3",
  "BEGIN; TRUNCATE public.lote; INSERT INTO public.lote VALUES (1, '', '', 'x', NULL, ''); COMMIT",
]

const textsOf = (lake: LakeFolder, prefix: string) =>
  Effect.flatMap(lake.keys, (keys) =>
    Effect.forEach(
      keys.filter((one) => one.startsWith(prefix) && /\.csv(\.gz)?$/.test(one)),
      (one) =>
        Effect.map(lake.read(one), (bytes) =>
          (one.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8"),
        ),
    ),
  )

/** The rows of all objects below a prefix, and the header that they share. */
const tableOf = Effect.fnUntraced(function* (lake: LakeFolder, prefix: string) {
  const objects = (yield* textsOf(lake, prefix)).map(parseCsv)
  const [first] = objects
  const header = (first?.[0] ?? []).map(String)
  for (const [other] of objects) assert.deepStrictEqual(other, header)
  return { header, rows: objects.flatMap((rows) => rows.slice(1)) }
})

const masked = (name: string, value: string | null) => (kept.has(name) ? value : hash(value))

const maskedValues = (columns: ReadonlyArray<string>, row: CsvRow): CsvRow =>
  columns.flatMap((name, i) => (excluded.has(name) ? [] : [masked(name, row[i] ?? null)]))

const maskedBefore = (json: string): string =>
  JSON.stringify(
    Object.fromEntries(
      Object.entries<string>(JSON.parse(json)).flatMap(([name, value]) =>
        excluded.has(name) ? [] : [[name, masked(name, value)]],
      ),
    ),
  )

const maskedNames = (array: string): string | null => {
  const names = parseTextArray(array).filter((name) => !excluded.has(name))
  return names.length === 0 ? null : printTextArray(names)
}

/** A row of `inc` without a mask, as it is under the mask. */
const maskedChange = (columns: ReadonlyArray<string>, row: CsvRow): CsvRow => {
  const [before, unchanged] = row.slice(5, 7)
  return [
    ...row.slice(0, 5),
    before == null ? null : maskedBefore(before),
    unchanged == null ? null : maskedNames(unchanged),
    ...maskedValues(columns, row.slice(metaColumns.length)),
  ]
}

const sorted = (rows: ReadonlyArray<CsvRow>) => rows.map((row) => JSON.stringify(row)).sort()

layer(TestPostgres.shared, { excludeTestServices: true })("The lake of masked tables", (it) => {
  it.effect(
    "is the lake without a mask, its columns dropped and its values hashed: whatever the type, the change and the transport",
    () =>
      Effect.gen(function* () {
        const tables = `${awkwardTable}=awkward,public.lote`
        const { sql, run, lake, environment, slot } = yield* openPipeline({ setup, tables })
        const maskedLake = yield* openLakeFolder
        const temporary = yield* temporaryFolder
        const maskedEnvironment = {
          ...environment,
          ...masks,
          LAKE_URL: maskedLake.url,
          REPLICATION_SLOT: `${slot}_m`,
          CSV_COMPRESSION: "gzip",
          FULL_PARALLEL: "2",
          TMPDIR: temporary,
        }
        const both = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
          for (const { code, stdout, stderr } of [
            yield* run(...args),
            yield* runProgram(args, maskedEnvironment),
          ])
            assert.strictEqual(code, 0, `${args.join(" ")}: ${stdout}${stderr}`)
        })
        yield* both("init")
        for (const statement of awkwardRows) yield* sql(statement)
        yield* both("full")
        for (const statement of changes) yield* sql(statement)
        yield* both("cdc", "--once")
        yield* both("verify")

        for (const dataset of ["awkward", "lote"]) {
          const full = yield* tableOf(lake, `full/${dataset}/`)
          const columns = full.header.filter((name) => !excluded.has(name))
          const fullMasked = yield* tableOf(maskedLake, `full/${dataset}/`)
          assert.deepStrictEqual(fullMasked.header, columns)
          assert.deepStrictEqual(
            sorted(fullMasked.rows),
            sorted(full.rows.map((row) => maskedValues(full.header, row))),
          )
          const inc = yield* tableOf(lake, `inc/${dataset}/`)
          const incMasked = yield* tableOf(maskedLake, `inc/${dataset}/`)
          assert.deepStrictEqual(parseCsv(incHeader(columns))[0], incMasked.header)
          for (const [i, row] of inc.rows.entries())
            assert.deepStrictEqual(incMasked.rows[i], maskedChange(full.header, row))
          assert.strictEqual(incMasked.rows.length, inc.rows.length)
        }
        assert.deepStrictEqual(yield* filesBelow(temporary), [])
      }),
    240_000,
  )
})
