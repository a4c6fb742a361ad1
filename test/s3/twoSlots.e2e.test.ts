import { setTimeout } from "node:timers/promises"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { eventually } from "../support/eventually.ts"
import { TestPostgres } from "../support/postgres/postgres.ts"
import { startProgram } from "../support/program/program.ts"
import { freshBucket, withBucket } from "../support/s3/s3Endpoint.ts"
import { idsInLake, openShop } from "./cdcLake.ts"
import { slowStore } from "./slowStore.ts"

/** Long enough that both have seen a lake without a watermark. */
const slowMillis = 4000

const bucket = freshBucket()

layer(TestPostgres.shared, { excludeTestServices: true })("two slots on one new lake", (it) => {
  it.effect("one writes and the other is refused, although the first watermark is slow", () =>
    Effect.gen(function* () {
      const { database, slot, createSlot, environment } = yield* openShop(bucket)
      yield* createSlot(`${slot}_b`)
      const store = yield* slowStore(bucket.endpoint, (method, path) =>
        method === "PUT" && path.includes("/inc/_watermark") ? setTimeout(slowMillis) : undefined,
      )
      const settings = { ...environment(store.endpoint), LOG_FORMAT: "logfmt" }
      const programs = [
        yield* startProgram(["cdc"], settings),
        yield* startProgram(["cdc"], { ...settings, REPLICATION_SLOT: `${slot}_b` }),
      ]
      yield* database.sql("INSERT INTO public.t SELECT n, 'x' FROM generate_series(1, 20) AS n")
      yield* eventually(
        "the rows are in the lake",
        Effect.map(idsInLake(bucket), (ids) => ids.includes(20)),
        "60 seconds",
      )
      // Whoever has not been refused by now would write them again at its next turn.
      yield* Effect.sleep(2 * slowMillis)
      for (const program of programs) yield* program.signal("SIGTERM")
      const outcomes = yield* Effect.forEach(programs, ({ outcome }) => outcome)
      const told = outcomes.map(({ code, stderr }) => `${code}\n${stderr}`).join("\n")
      assert.deepStrictEqual(outcomes.map(({ code }) => code).toSorted(), [0, 3], told)
      assert.deepStrictEqual(
        yield* idsInLake(bucket),
        Array.from({ length: 20 }, (_, i) => i + 1),
        told,
      )
    }).pipe(Effect.provide(withBucket(bucket))),
  )
})
