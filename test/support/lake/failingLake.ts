/** A `cdc` whose lake takes nothing, so that it waits between two tries. */
import { Effect } from "effect"
import { openPipeline } from "../program/pipeline.ts"
import { memoryS3 } from "../s3/memoryS3.ts"

/** It has written a batch, and has no session to read with now. The lake stays as it is until `heal`. */
export const openWithFailingLake = Effect.gen(function* () {
  const s3 = yield* memoryS3
  const pipeline = yield* openPipeline({
    setup: "CREATE TABLE public.t (id integer PRIMARY KEY, v text)",
    tables: "public.t=coisas",
    settings: s3.environment,
  })
  yield* pipeline.createSlot
  const writer = yield* pipeline.start("cdc")
  yield* pipeline.sql("INSERT INTO public.t VALUES (1, 'x')")
  yield* writer.says("cdc: batch written")
  let refusals = 0
  yield* s3.suffer(({ method }, perform) => {
    if (method !== "PUT") return perform()
    refusals++
    return { status: 500 }
  })
  yield* pipeline.sql("INSERT INTO public.t VALUES (2, 'x')")
  yield* writer.brings(
    "a few tries, the next of which is seconds away, and no session that reads",
    Effect.map(
      pipeline.sql(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'afluente cdc'",
      ),
      (sessions) => refusals >= 12 && sessions.length === 0,
    ),
  )
  return { ...pipeline, writer, heal: s3.heal }
})
