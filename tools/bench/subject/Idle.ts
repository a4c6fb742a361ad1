/** What a `cdc` costs that has nothing to do: the server's time for a poll, and the log that it keeps from being removed. */
import { setTimeout } from "node:timers/promises"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { ConfigProvider, Effect, Option } from "effect"
import { live } from "../../../layers/Live.ts"
import { connect } from "../../../layers/postgres/connection/PostgresSession.ts"
import { takeOver } from "../../../src/cdc/fence/TakeOver.ts"
import { halfSegment } from "../../../src/core/Lsn.ts"
import { writeBatch } from "../../../src/Pipeline.ts"
import { ChangeSource } from "../../../src/services/source/ChangeSource.ts"
import { ReplicationSlot } from "../../../src/services/source/ReplicationSlot.ts"
import { Settings } from "../../../src/settings/Settings.ts"
import { openSession } from "../../../test/support/postgres/pgClient.ts"
import type { Bench, BenchContext } from "../Bench.ts"
import { alternate } from "../figures/Alternation.ts"
import { compared, usageOf } from "../figures/Result.ts"
import { createTable, fillTable } from "../world/CustomerTable.ts"
import { follow, followerSlot } from "../world/Follower.ts"
import { incObjects, scratchFolder } from "../world/Lake.ts"
import type { Source } from "../world/Source.ts"

/** More often than anybody would: what a poll leaves behind has more chances to show. */
const pollMillis = 50
const segmentBytes = 16 * 1024 ** 2
const rest = (millis: number) => Effect.promise(() => setTimeout(millis))

const elsewhere = "bench_elsewhere"

/** So many one after the other, timed together: one alone is too short for the clock of a busy machine. */
const pollsAtOnce = 2000

const timed = Effect.fnUntraced(function* <A, E, R>(one: Effect.Effect<A, E, R>) {
  const startedAt = performance.now()
  for (let count = 0; count < pollsAtOnce; count++) yield* one
  return { seconds: (performance.now() - startedAt) / 1000 }
})

/** The program's poll itself, without its rests: from outside a fraction of a millisecond cannot be seen. */
const poll = Effect.fnUntraced(
  function* ({ source, options, found }: BenchContext) {
    const { source: address } = yield* Settings
    const slot = yield* ReplicationSlot
    const { attach } = yield* ChangeSource
    yield* slot.create
    yield* Effect.addFinalizer(() =>
      Effect.ignore(source.sql("SELECT pg_drop_replication_slot($1)", [slot.name])),
    )
    const other = yield* connect(address, "bench")
    // In a scope of its own, which ends before the slot is dropped.
    yield* Effect.scoped(
      Effect.gen(function* () {
        const session = Option.getOrThrow(yield* attach)
        const limits = { maxLines: 1_000_000, worthMoving: halfSegment }
        const { held, checkpoint: first } = yield* takeOver(session)
        const { checkpoint } = yield* writeBatch({ session, held }, first, limits)
        const floor = timed(other.query("bench", "SELECT 1"))
        const tool = timed(writeBatch({ session, held }, checkpoint, limits))
        const what = `idle poll, ${pollsAtOnce} one after the other`
        const pairs = yield* alternate(what, options.runs, floor, tool)
        yield* found(compared({ what, against: "SELECT 1, same client", pairs, target: { atMost: 10 } }))
      }),
    )
  },
  Effect.scoped,
  Effect.orDie,
)

const pollInProcess = (context: BenchContext) =>
  Effect.gen(function* () {
    const { source, place } = context
    yield* source.sql(createTable)
    const variables = {
      DATABASE_URL: `${source.urlOf(source.database)}?sslmode=disable`,
      SOURCE_TABLES: "public.t",
      REPLICATION_SLOT: "bench_poll",
      LAKE_URL: `file:${yield* scratchFolder(place)}`,
    }
    const settings = yield* Settings.pipe(
      Effect.provide(Settings.layer),
      Effect.provide(NodeServices.layer),
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(variables)),
    )
    yield* poll(context).pipe(Effect.provide(live(settings)))
  }).pipe(Effect.scoped, Effect.orDie)

/** A while of following with nothing to follow: what it takes, and that it leaves nothing behind. */
const follows = Effect.fnUntraced(function* ({ source, place, options, found }: BenchContext) {
  console.error(`following nothing for ${options.seconds} s`)
  yield* source.sql(createTable)
  const { folder, finish } = yield* follow(source, place, "public.t", { POLL_INTERVAL: `${pollMillis}ms` })
  yield* rest(options.seconds * 1000)
  const run = yield* finish
  const objects = yield* objectsIn(folder)
  const what = `cdc with nothing to do, ${options.seconds} s, a poll every ${pollMillis} ms`
  yield* found({ ...noObject(what, objects), ...usageOf([run]) })
}, Effect.scoped)

const objectsIn = (folder: string) => Effect.promise(async () => (await incObjects(folder)).length)

const noObject = (what: string, objects: number) => ({
  what: `objects written: ${what}`,
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
    yield* source.admin(`CREATE DATABASE ${elsewhere} TEMPLATE template0`)
    if (wants("poll")) {
      yield* pollInProcess(context)
      yield* follows(context)
    }
    if (wants("retention")) {
      yield* retention(context, "another table", source)
      yield* retention(context, "another database", yield* openSession(source.urlOf(elsewhere)))
    }
  }),
}
