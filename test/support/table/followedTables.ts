/** Two tables of a real server that the lake follows, and what the program says of them. */
import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { openPipeline } from "../program/pipeline.ts"
import { type Environment, runProgram } from "../program/program.ts"

export const setup =
  "CREATE TABLE public.a (id integer PRIMARY KEY, v text); CREATE TABLE public.b (id integer PRIMARY KEY, v text)"
/** Both, each with a dataset of its own. */
export const both = "public.a=as, public.b=bs"

/** Both tables are in the lake with one row each, by `full` and by `cdc`, and nobody runs. */
export const openFollowed = Effect.fnUntraced(function* (tables = both) {
  const pipeline = yield* openPipeline({ setup, tables, settings: { LAKE_LAYOUT: "datasets" } })
  const { sql, run, lake, createSlot } = pipeline
  yield* createSlot
  assert.strictEqual((yield* run("full")).code, 0)
  yield* sql("INSERT INTO a VALUES (1, 'a'); INSERT INTO b VALUES (1, 'b')")
  assert.strictEqual((yield* run("cdc", "--once")).code, 0)
  return {
    ...pipeline,
    /** The program with other settings. */
    runWith: (settings: Environment, ...args: ReadonlyArray<string>) =>
      runProgram(args, { ...pipeline.environment, ...settings }),
    ids: (dataset: string) =>
      Effect.map(lake.allRecords(`inc/${dataset}/`), (rows) =>
        rows.map((row) => `${row["_op"]}${row["id"]}`),
      ),
  }
})

const Status = Schema.fromJsonString(
  Schema.Struct({
    datasets: Schema.Array(
      Schema.Struct({
        dataset: Schema.String,
        state: Schema.NullOr(Schema.String),
        from: Schema.NullOr(Schema.String),
        reason: Schema.NullOr(Schema.String),
        advice: Schema.NullOr(Schema.String),
      }),
    ),
  }),
)

/** `dataset: state reason`, as `status` tells it. */
export const states = (text: string) =>
  Schema.decodeSync(Status)(text).datasets.map((one) =>
    `${one.dataset}: ${one.state} ${one.reason ?? ""}`.trim(),
  )

/** What `status` tells to do about a dataset. */
export const adviceOn = (text: string, dataset: string) =>
  Schema.decodeSync(Status)(text).datasets.find((one) => one.dataset === dataset)?.advice
