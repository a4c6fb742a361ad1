/** A `cdc` that has begun to follow, and what must hold when a trouble of its source or its lake is over. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { TestSession } from "../postgres/pgClient.ts"
import { openPipeline } from "./pipeline.ts"
import { type Environment, type RunningProgram, startProgram } from "./program.ts"

/** `other` is not followed: its rows cost the server time and bring nothing. */
const setup = "CREATE TABLE public.t (id integer PRIMARY KEY, v text); CREATE TABLE public.other (n integer)"

export const openShop = (settings: Environment = {}) =>
  Effect.tap(openPipeline({ setup, tables: "public.t", settings }), ({ createSlot }) => createSlot)

export type Shop = Effect.Success<ReturnType<typeof openShop>>

export const insert = ({ sql }: Shop, id: number) => sql(`INSERT INTO public.t VALUES (${id}, 'x')`)

/** A `cdc` that has written a first row. */
export const following = Effect.fn("following")(function* (shop: Shop, settings: Environment = {}) {
  const program = yield* startProgram(["cdc"], { ...shop.environment, ...settings })
  yield* insert(shop, 1)
  yield* program.says("cdc: batch written")
  return program
})

export const once = "level=WARN, Working again"
export const never = ""

/** Waits until the last row is in the lake, stops the program, and holds the lake to the table. */
export const checkHealed = Effect.fn("checkHealed")(function* (
  { sql, lake }: Shop,
  program: RunningProgram,
  expected: typeof once | typeof never,
  gather: Effect.Effect<void> = Effect.void,
) {
  const ids = yield* Effect.map(sql("SELECT id FROM public.t ORDER BY id"), (rows) =>
    rows.map((row) => row["id"]),
  )
  const inLake = Effect.andThen(
    gather,
    Effect.map(lake.allRecords("inc/"), (rows) => rows.map((row) => row["id"])),
  )
  if (expected === once) yield* program.says("Working again")
  yield* program.brings(
    "the last row is in the lake",
    Effect.map(inLake, (found) => found.includes(ids.at(-1))),
  )
  yield* program.signal("SIGTERM")
  const { code, stderr } = yield* program.outcome
  const told = [...stderr.matchAll(/level=WARN|Working again/g)].join(", ")
  assert.deepStrictEqual({ code, told, lake: yield* inLake }, { code: 0, told: expected, lake: ids }, stderr)
})

/** The settings that lead to the source through a network of the test's. */
export const through = ({ environment }: Shop, { port }: { readonly port: number }): Environment => {
  const url = new URL(environment["DATABASE_URL"] ?? "")
  url.port = String(port)
  return { DATABASE_URL: url.href }
}

/** Ends the session that holds the writer's lock of this database. */
export const endWriter = (sql: TestSession["sql"]) =>
  sql(
    `SELECT pg_terminate_backend(pid) FROM pg_locks
      WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  )
