/** Memory of `cdc` does not grow with the number of datasets that one batch writes. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { tellsPeak, watched } from "../../support/program/peakMemory.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { runProgram } from "../../support/program/program.ts"
import { memoryS3 } from "../../support/s3/memoryS3.ts"

const datasetCount = 300

/** A row of each table, in one line below 1 MiB; those of each hundredth table are long lines. In bytes. */
const valueBytes = (table: number) => (table % 100 === 0 ? 20_000_000 : 900_000)

/**
 * In bytes. Measured: 130 to 160 MB for 3 datasets with as many rows, 168 to 190 MB for 300. Where each dataset keeps its own
 * room it is 420 MB and more.
 */
const mostBytes = 260_000_000

/** The program shares the machine with whatever else runs. */
const deadline = "280 seconds"

const lakes = ["a folder", "a bucket"] as const
const shapes = ["one transaction", "a transaction each"] as const

/** Other systems do not tell a peak in this way. */
const cases = tellsPeak ? lakes.flatMap((lake) => shapes.map((shape) => ({ lake, shape }))) : []

layer(TestPostgres.shared, { excludeTestServices: true })(
  "cdc takes hardly more memory for 300 datasets than for a few",
  (it) => {
    for (const { lake, shape } of cases) {
      it.effect(
        `whose rows come in ${shape}, into ${lake}`,
        () =>
          Effect.gen(function* () {
            const { settings, peak } = yield* watched
            const s3 = yield* memoryS3
            const tables = Array.from({ length: datasetCount }, (_, i) => `public.t${i}`)
            const pipeline = yield* openPipeline({
              setup: tables.map((table) => `CREATE TABLE ${table} (v text)`).join("; "),
              tables: tables.join(),
              settings: lake === "a bucket" ? { ...settings, ...s3.environment } : settings,
            })
            yield* pipeline.createSlot
            const inserts = tables.map(
              (table, i) => `INSERT INTO ${table} VALUES (repeat('x', ${valueBytes(i)}))`,
            )
            if (shape === "one transaction") yield* pipeline.sql(`BEGIN; ${inserts.join("; ")}; COMMIT`)
            else yield* Effect.forEach(inserts, (insert) => pipeline.sql(insert))
            const { code, stderr } = yield* runProgram(
              ["cdc", "--once"],
              pipeline.environment,
              undefined,
              undefined,
              deadline,
            )
            assert.strictEqual(code, 0, stderr)
            assert.isBelow(yield* peak, mostBytes)
          }),
        300_000,
      )
    }
  },
)
