/**
 * Objects of many datasets become visible side by side. The writer dies, or loses its session, while some of these requests
 * are answered and the others under way: a third lands before the successor looks, a third whenever it likes, and a third when
 * the successor has written the same rows.
 */
import { setTimeout } from "node:timers/promises"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { eventually } from "../support/eventually.ts"
import { TestPostgres } from "../support/postgres/postgres.ts"
import { endWriter } from "../support/program/following.ts"
import { startProgram } from "../support/program/program.ts"
import { Random } from "../support/Random.ts"
import { freshBucket, withBucket } from "../support/s3/s3Endpoint.ts"
import { idsInLake, openShop } from "./cdcLake.ts"
import { isDurable, slowStore } from "./slowStore.ts"

/** More than become visible at once (`datasetsAtOnce` in src/cdc/rows/IncObjects.ts). */
const datasetCount = 24
const atOnce = 16

const strikes = 4

/** Goes to the store in parts, so that its object becomes visible with a CompleteMultipartUpload. */
const longValue = 6_000_000

const slowestMillis = 3000

const seed = 20261129

/** Holds requests back from the moment when it is armed. */
class Gate {
  #passing = Number.POSITIVE_INFINITY
  #held: Array<() => void> = []

  /** Lets `passing` more requests through, and holds those after them back. */
  arm(passing: number): void {
    this.#passing = passing
  }
  readonly rule = (): Promise<void> | undefined => {
    if (this.#passing-- > 0) return undefined
    return new Promise((release) => this.#held.push(release))
  }
  /** Lets the held requests go in three groups, at once, at random times, and when the returned function is called. */
  disarm(dice: Random): () => void {
    this.#passing = Number.POSITIVE_INFINITY
    const last: Array<() => void> = []
    this.#held.forEach((release, i) => {
      if (i % 3 === 0) release()
      else if (i % 3 === 1) void setTimeout(dice.between(0, slowestMillis)).then(release)
      else last.push(release)
    })
    this.#held = []
    return () => last.forEach((release) => void release())
  }
}

const lockHolder = `
  SELECT FROM pg_locks
   WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

const bucket = freshBucket()

layer(TestPostgres.shared, { excludeTestServices: true })("a writer of many datasets", (it) => {
  it.effect("writes each row once although it ends while many of its objects are under way", () =>
    Effect.gen(function* () {
      const tables = Array.from({ length: datasetCount }, (_, i) => `t${i}`)
      const { database, slot, environment } = yield* openShop(bucket, tables)
      const dice = new Random(seed)
      const gate = new Gate()
      const late: Array<number> = []
      const store = yield* slowStore(
        bucket.endpoint,
        (method, path) => (isDurable(method, path) && path.includes("/cdc_") ? gate.rule() : undefined),
        (_, status, wasHeld) => wasHeld && late.push(status),
      )
      const settings = environment(store.endpoint)
      const start = startProgram(["cdc"], settings)
      let writer = yield* start
      yield* writer.brings(
        "it is the writer",
        Effect.map(database.sql(lockHolder), (rows) => rows.length === 1),
      )
      let standby = yield* start
      const transaction = (id: number) =>
        tables.map((table, i) => {
          const value = i === id ? `repeat('x', ${longValue})` : "'x'"
          return `INSERT INTO public.${table} SELECT ${id} * 10 + n, ${value} FROM generate_series(0, 2) AS n`
        })
      const position = Effect.map(database.sql("SELECT pg_current_wal_flush_lsn()::text AS lsn"), ([row]) =>
        String(row?.["lsn"]),
      )
      const isConfirmedPast = (lsn: string) =>
        Effect.map(
          database.sql("SELECT FROM pg_replication_slots WHERE slot_name = $1 AND confirmed_flush_lsn > $2", [
            slot,
            lsn,
          ]),
          (rows) => rows.length === 1,
        )
      for (let strike = 0; strike < strikes; strike++) {
        const answered = dice.between(0, datasetCount - 6)
        gate.arm(answered)
        yield* database.sql(`BEGIN; ${transaction(strike).join("; ")}; COMMIT`)
        yield* writer.brings(
          "requests for objects are under way, as many as may be at once",
          Effect.sync(() => store.waiting() >= Math.min(atOnce, datasetCount - answered)),
        )
        const isKilled = strike % 2 === 0
        if (isKilled) yield* writer.signal("SIGKILL")
        else yield* endWriter(database.sql)
        // The successor alone can have read these: its object of each table holds more than the late one of the same name.
        const before = yield* position
        yield* database.sql(
          tables.map((table) => `INSERT INTO public.${table} VALUES (${strike} * 10 + 3, 'x')`).join("; "),
        )
        const letLast = gate.disarm(dice)
        yield* standby.brings("the successor has confirmed what it wrote", isConfirmedPast(before))
        letLast()
        yield* eventually(
          "no request is under way",
          Effect.sync(() => store.waiting() === 0),
        )
        // One that lost its session waits for its requests, and is the standby then.
        const next = isKilled ? yield* start : writer
        writer = standby
        standby = next
      }
      for (const program of [standby, writer]) {
        yield* program.signal("SIGTERM")
        const { code, stderr } = yield* program.outcome
        assert.strictEqual(code, 0, stderr)
      }
      const found = yield* Effect.forEach(tables, (table) => idsInLake(bucket, table))
      const expected = yield* Effect.forEach(tables, (table) =>
        Effect.map(database.sql(`SELECT id FROM public.${table} ORDER BY id`), (rows) =>
          rows.map((row) => Number(row["id"])),
        ),
      )
      assert.deepStrictEqual(found, expected)
      // Both kinds have been seen: what the store took before the successor, and what it refused after it.
      assert.includeMembers(late, [200, 412])
    }).pipe(Effect.provide(withBucket(bucket))),
  )
})
