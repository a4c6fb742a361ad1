/** What a `cdc` costs that has nothing to do: the server's time for a poll, and the log that it keeps from being removed. */
import { setTimeout } from "node:timers/promises"
import { Effect } from "effect"
import { openSession } from "../test/support/pgClient.ts"
import type { Bench, BenchContext } from "./Bench.ts"
import { createTable, fillTable } from "./CustomerTable.ts"
import { follow, followerSlot } from "./Follower.ts"
import { incObjects } from "./Lake.ts"
import { usageOf } from "./Result.ts"
import type { Source } from "./Source.ts"

const pollMillis = 50
const segmentBytes = 16 * 1024 ** 2
const rest = (millis: number) => Effect.promise(() => setTimeout(millis))

/** Time in which sessions of a database were executing something, and how many transactions they ended. */
const activity = Effect.fnUntraced(function* ({ admin }: Source, database: string) {
  const [row] = yield* admin(
    "SELECT active_time::text AS millis, xact_commit::text AS ended FROM pg_stat_database WHERE datname = $1",
    [database],
  )
  return { millis: Number(row?.["millis"]), ended: Number(row?.["ended"]) }
})

const quietDatabase = "bench_floor"

/** A session keeps its figures for itself for a while, and altogether when it has read no table. This brings them out. */
const report = ({ sql }: Pick<Source, "sql">) =>
  sql("SELECT pg_stat_force_next_flush() FROM pg_class LIMIT 1")

/** Longer than the program, which reads a table, keeps its figures for itself while it is busy. */
const settleMillis = 3000

/** Both at once, at the same pace: a processor that has just slept is slow for both. */
const poll = Effect.fnUntraced(function* ({ source, place, options, found }: BenchContext) {
  console.error(`polling for ${options.seconds} s`)
  yield* source.sql(createTable)
  const { folder, finish } = yield* follow(source, place, "public.t", { POLL_INTERVAL: `${pollMillis}ms` })
  const floor = yield* openSession(source.urlOf(quietDatabase))
  // Its own time is reported by the next one only, and the first reads the catalog.
  for (let time = 1; time <= 2; time++) yield* Effect.all([report(source), report(floor)])
  yield* rest(settleMillis)
  const look = Effect.all({ tool: activity(source, source.database), floor: activity(source, quietDatabase) })

  const [before, startedAt] = [yield* look, performance.now()]
  while (performance.now() - startedAt < options.seconds * 1000) {
    yield* floor.sql("SELECT 1", [])
    yield* rest(pollMillis)
  }
  yield* report(floor)
  const [after, elapsed] = [yield* look, performance.now() - startedAt]
  const run = yield* finish

  const since = (of: "tool" | "floor") => ({
    millis: after[of].millis - before[of].millis,
    ended: after[of].ended - before[of].ended,
  })
  const [tool, ones] = [since("tool"), since("floor")]
  // A poll may be several statements, each a transaction: as many as there were in its share of the time.
  const perPoll = Math.max(1, Math.round(tool.ended / (elapsed / pollMillis)))
  const [one, select] = [(tool.millis / tool.ended) * perPoll, ones.millis / ones.ended]
  yield* found({
    what: `idle poll, server's time, ${tool.ended} statements, ${perPoll} a poll`,
    against: "SELECT 1, server's time",
    measured: `${(one / select).toFixed(1)} times (${one.toFixed(3)} by ${select.toFixed(3)} ms)`,
    target: "at most 10 times",
    met: one / select <= 10,
    ...usageOf([run]),
  })
  yield* found(noObject("idle poll", yield* objectsIn(folder)))
}, Effect.scoped)

const objectsIn = (folder: string) => Effect.promise(async () => (await incObjects(folder)).length)

const noObject = (what: string, objects: number) => ({
  what: `${what}: objects written`,
  against: "none",
  measured: String(objects),
  target: "0",
  met: objects === 0,
})

const retainedSql = `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), restart_lsn)::text AS bytes
  FROM pg_replication_slots WHERE slot_name = '${followerSlot}'`

/** Log that is none of its business, and how much of it the server still has to keep some polls later. */
const retention = Effect.fnUntraced(function* (
  { source, place, options, found }: BenchContext,
  where: string,
  { sql }: Pick<Source, "sql">,
) {
  const rows = Math.ceil(options.rows / 10)
  console.error(`writing ${rows} rows into ${where}`)
  yield* source.sql("CREATE TABLE IF NOT EXISTS public.followed (id integer PRIMARY KEY)")
  const { folder, finish } = yield* follow(source, place, "public.followed", { POLL_INTERVAL: "500ms" })
  const [start] = yield* source.sql("SELECT pg_current_wal_insert_lsn()::text AS at")
  yield* sql(createTable)
  yield* sql(fillTable(rows))
  const [written] = yield* source.sql(
    "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)::text AS bytes",
    [start?.["at"] ?? "0/0"],
  )
  const writtenAt = performance.now()
  const retained = Effect.map(source.sql(retainedSql), ([row]) => Number(row?.["bytes"]))
  let bytes = yield* retained
  while (bytes > segmentBytes && performance.now() - writtenAt < 30_000) {
    yield* rest(20)
    bytes = yield* retained
  }
  const seconds = (performance.now() - writtenAt) / 1000
  const run = yield* finish
  const megabytes = (of: number) => `${(of / 1e6).toFixed(1)} MB`
  yield* found({
    what: `log kept after ${megabytes(Number(written?.["bytes"]))} in ${where}`,
    against: "one segment",
    measured: `${megabytes(bytes)}, ${seconds.toFixed(1)} s after the last commit`,
    target: `at most ${megabytes(segmentBytes)}`,
    met: bytes <= segmentBytes,
    ...usageOf([run]),
  })
  yield* found(noObject(where, yield* objectsIn(folder)))
}, Effect.scoped)

export const idleBench: Bench = {
  room: ({ rows }) => rows * 200,
  run: Effect.fn("bench idle")(function* (context) {
    const { source, wants } = context
    yield* source.admin(`CREATE DATABASE ${quietDatabase} TEMPLATE template0`)
    if (wants("poll")) yield* poll(context)
    if (wants("retention")) {
      yield* retention(context, "another table", source)
      yield* retention(context, "another database", yield* openSession(source.urlOf(quietDatabase)))
    }
  }),
}
