/** `full` of tables larger than FULL_OBJECT_SIZE: several objects under one manifest, into a folder and S3. */
import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { CopiedObject } from "../../../src/core/lake/Manifest.ts"
import { rawRows } from "../../support/csv/rawRows.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline, type Pipeline } from "../../support/program/pipeline.ts"
import type { Environment } from "../../support/program/program.ts"
import { memoryS3 } from "../../support/s3/memoryS3.ts"
import { serverCopy } from "../../support/table/serverCopy.ts"

const timeout = 180_000
const boundBytes = 4_000_000
const bound = { FULL_OBJECT_SIZE: "4MB" }
const longRowBytes = 1_500_000
/** What is read at once. */
const chunkBytes = 256 * 1024
const rowCount = 50_000
const header = "id,mes,v\n"

const rows = (table: string) => `
  ALTER TABLE ${table} ALTER v SET STORAGE EXTERNAL;
  INSERT INTO ${table} SELECT n, n % 3, repeat(E'ç "x",\n', 25) || n FROM generate_series(1, ${rowCount}) AS n;
  UPDATE ${table} SET v = repeat('longo', ${longRowBytes / 5}) WHERE id IN (700, 20000, 49000)`
const columns = "(id integer NOT NULL, mes integer NOT NULL, v text, PRIMARY KEY (id, mes))"
const plain = `CREATE TABLE public.t ${columns}; ${rows("public.t")}`
const partitioned = `
  CREATE TABLE public.t ${columns} PARTITION BY LIST (mes);
  CREATE TABLE public.t_0 PARTITION OF public.t FOR VALUES IN (0);
  CREATE TABLE public.t_1 PARTITION OF public.t FOR VALUES IN (1);
  CREATE TABLE public.t_2 PARTITION OF public.t FOR VALUES IN (2); ${rows("public.t").replace(/ALTER.*;/, "")}`

const opened = Effect.fnUntraced(function* (setup: string, settings: Environment) {
  const pipeline = yield* openPipeline({ setup, tables: "public.t", settings: { ...bound, ...settings } })
  yield* pipeline.createSlot
  return pipeline
})

const ok = Effect.fnUntraced(function* ({ run }: Pick<Pipeline, "run">, ...args: ReadonlyArray<string>) {
  const { code, stdout, stderr } = yield* run(...args)
  assert.strictEqual(code, 0, `${args.join(" ")}\n${stdout}${stderr}`)
  return stdout
})

/** The CSV of an object, which is what the manifest says. */
const checkedCsv = Effect.fnUntraced(function* (
  folder: string,
  { object, bytes, md5, ...one }: CopiedObject,
) {
  const stored = yield* Effect.promise(() => readFile(join(folder, object)))
  assert.deepStrictEqual([stored.length, createHash("md5").update(stored).digest("hex")], [bytes, md5])
  const csv = (object.endsWith(".gz") ? gunzipSync(stored) : stored).toString()
  assert.isTrue(csv.startsWith(header))
  assert.strictEqual(rawRows(csv).length - 1, one.rows)
  return csv
})

/** Checks the objects of the only manifest, and that together they hold the table. Returns them. */
const checkObjects = Effect.fnUntraced(function* ({ database, lake }: Pipeline) {
  const [manifest, ...others] = yield* lake.manifests()
  assert.deepStrictEqual(others, [])
  const objects = manifest?.objects ?? []
  const texts = yield* Effect.forEach(objects, (one) => checkedCsv(lake.folder, one))
  const whole = (yield* serverCopy(database, "SELECT id, mes, v FROM public.t")).toString()
  // One assertion of equality on so many rows would take long to print.
  const found = texts.flatMap((csv) => rawRows(csv).slice(1)).sort()
  assert.strictEqual(found.length, rowCount)
  assert.isTrue(found.join("\n") === rawRows(whole).slice(1).sort().join("\n"))
  assert.strictEqual(manifest?.rows, rowCount)
  assert.strictEqual(
    manifest?.bytes,
    objects.reduce((sum, { bytes }) => sum + bytes, 0),
  )
  const keys = objects.map(({ object }) => object)
  assert.deepStrictEqual(keys.toSorted(), keys)
  const stem = keys[0]?.replace(/\.csv(\.gz)?$/, "") ?? ""
  const ending = keys[0]?.slice(stem.length)
  assert.deepStrictEqual(
    keys,
    keys.map((_, i) => `${stem}${i === 0 ? "" : `_${String(i + 1).padStart(4, "0")}`}${ending}`),
  )
  const sizes = texts.map((csv) => Buffer.byteLength(csv))
  assert.isBelow(Math.max(...sizes), boundBytes + longRowBytes + chunkBytes)
  return { objects, small: sizes.filter((size) => size < boundBytes).length }
})

/** Some changes follow the copy, and readers of both rebuild the table. */
const checkRebuilt = Effect.fnUntraced(function* (pipeline: Pipeline) {
  yield* pipeline.sql("UPDATE public.t SET v = 'late' WHERE id % 1000 = 0; DELETE FROM public.t WHERE id = 5")
  yield* ok(pipeline, "cdc", "--once")
  assert.match(yield* ok(pipeline, "verify"), /^t {2}equal/m)
})

/** `small`: objects under the bound, the last ones. */
const cases = [
  { readers: 1, small: 1, how: "none", setup: plain, what: "one reader" },
  { readers: 4, small: 4, how: "none", setup: plain, what: "four readers" },
  { readers: 4, small: 4, how: "gzip", setup: plain, what: "four readers, compressed" },
  { readers: 1, small: 3, how: "none", setup: partitioned, what: "the leaves of a root" },
  { readers: 4, small: 12, how: "gzip", setup: partitioned, what: "the leaves of a root, by four readers" },
] as const

layer(TestPostgres.shared, { excludeTestServices: true })("full of a table above FULL_OBJECT_SIZE", (it) => {
  for (const { readers, small, how, setup, what } of cases)
    it.effect(
      `writes objects that together are the table: ${what}`,
      () =>
        Effect.gen(function* () {
          const pipeline = yield* opened(setup, { FULL_PARALLEL: `${readers}`, CSV_COMPRESSION: how })
          yield* ok(pipeline, "full")
          const written = yield* checkObjects(pipeline)
          assert.isAtLeast(written.objects.length, 4)
          assert.isAtMost(written.small, small)
          const leaves = new Set(written.objects.map(({ partition }) => partition))
          assert.deepStrictEqual(
            [...leaves],
            setup === plain ? [undefined] : ["public.t_0", "public.t_1", "public.t_2"],
          )
          yield* checkRebuilt(pipeline)
        }),
      timeout,
    )

  it.effect(
    "writes the same one object as ever where the table is smaller, whatever number of sessions reads it",
    () =>
      Effect.gen(function* () {
        for (const readers of ["1", "4"]) {
          const pipeline = yield* opened(plain, { FULL_PARALLEL: readers, FULL_OBJECT_SIZE: "1GB" })
          yield* ok(pipeline, "full")
          const [object = "", ...others] = yield* pipeline.lake.objects("full/")
          assert.deepStrictEqual(others, [])
          assert.match(object, /full_t_\d{8}_\d{6}\.csv$/)
          const server = (yield* serverCopy(pipeline.database, "SELECT id, mes, v FROM public.t")).toString()
          const written = yield* pipeline.lake.text(object)
          assert.isTrue(
            readers === "1"
              ? written === server
              : rawRows(written).toSorted().join("\n") === rawRows(server).toSorted().join("\n"),
          )
        }
      }),
    timeout,
  )

  it.effect(
    "that is killed leaves objects without a manifest, and the next one takes later names",
    () =>
      Effect.gen(function* () {
        const s3 = yield* memoryS3
        const pipeline = yield* opened(plain, { FULL_PARALLEL: "4", ...s3.environment })
        const csvKeys = Effect.map(s3.keys, (keys) => keys.filter((key) => key.endsWith(".csv")))
        let visible = 0
        // Nothing more is answered once two objects are there.
        yield* s3.suffer((_, perform) => {
          if (visible >= 2) return "silence"
          const answer = perform()
          visible = Effect.runSync(csvKeys).length
          return answer
        })
        const killed = yield* pipeline.start("full")
        yield* killed.brings(
          "two objects are visible",
          Effect.sync(() => visible >= 2),
        )
        yield* killed.signal("SIGKILL")
        yield* killed.outcome
        yield* s3.heal
        const left = yield* csvKeys
        assert.isAtLeast(left.length, 2)
        assert.isFalse((yield* s3.keys).some((key) => key.endsWith(".json")))
        const { code, stdout, stderr } = yield* pipeline.run("verify")
        assert.notStrictEqual(code, 0, stdout)
        assert.match(stdout + stderr, /full/)

        yield* ok(pipeline, "full")
        yield* s3.copyTo(pipeline.lake)
        const { objects } = yield* checkObjects(pipeline)
        assert.isAbove(objects.length, 3)
        for (const { object } of objects) for (const other of left) assert.isTrue(object > other, object)
        yield* checkRebuilt(pipeline)
      }),
    timeout,
  )
})
