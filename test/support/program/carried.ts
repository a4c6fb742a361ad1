/** Changes made to a table, carried to the lake, and what is there to be compared. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Pipeline } from "./pipeline.ts"

/** Each statement is a transaction of its own; then all of it is carried. */
export const carry = Effect.fn("carry")(function* (pipeline: Pipeline, changes: ReadonlyArray<string>) {
  yield* pipeline.createSlot
  for (const change of changes) yield* pipeline.sql(change)
  const { code, stderr } = yield* pipeline.run("cdc", "--once")
  assert.strictEqual(code, 0, stderr)
  return yield* pipeline.lake.allRecords("inc/")
})

/** Only the columns that a test is about. */
export const only = (
  rows: ReadonlyArray<Readonly<Record<string, string | null>>>,
  ...names: ReadonlyArray<string>
) => rows.map((row) => names.map((name) => row[name]))

/** The texts of all objects below a prefix, the oldest first. */
export const texts = ({ lake }: Pipeline, prefix: string) =>
  Effect.flatMap(lake.objects(prefix), (keys) => Effect.forEach(keys, lake.text))

export const copied = Effect.fn("copied")(function* (pipeline: Pipeline) {
  const { code, stderr } = yield* pipeline.run("full")
  assert.strictEqual(code, 0, stderr)
  return yield* texts(pipeline, "full/")
})

/** Each object of `inc` as its header and its rows, without our columns save `_op`: `id,v` and `I,1,a`. */
export const shapesOf = ({ lake }: Pipeline) =>
  Effect.gen(function* () {
    const tables = yield* Effect.forEach(yield* lake.objects("inc/"), lake.table)
    return tables.map(({ columns, rows }) => [
      columns.slice(7).join(),
      ...rows.map((row) => [row[0], ...row.slice(7)].join()),
    ])
  })
