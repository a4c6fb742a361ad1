import { setTimeout } from "node:timers/promises"
import { assert, layer } from "@effect/vitest"
import { Duration, Effect, Schedule } from "effect"
import { eventually } from "../support/eventually.ts"
import { TestPostgres } from "../support/postgres/postgres.ts"
import { endWriter } from "../support/program/following.ts"
import { startProgram } from "../support/program/program.ts"
import { Random } from "../support/Random.ts"
import { freshBucket, withBucket } from "../support/s3/s3Endpoint.ts"
import { idsInLake, openShop } from "./cdcLake.ts"
import { isDurable, slowStore } from "./slowStore.ts"

/** How often the writer loses its session. `npm run test:chaos -- --only session --kills 200` is the long form. */
const losses = 8

/** Longer than a standby needs to find the lock free, and often shorter. */
const slowestMillis = 2500

const seed = 20261128

const bucket = freshBucket()

layer(TestPostgres.layer(), { excludeTestServices: true })(
  "a writer with a standby and a slow store",
  (it) => {
    it.effect("writes each row once although its session ends while its requests are under way", () =>
      Effect.gen(function* () {
        const { server } = yield* TestPostgres
        const { database, environment } = yield* openShop(bucket)
        const dice = new Random(seed)
        const store = yield* slowStore(bucket.endpoint, (method, path) =>
          isDurable(method, path) ? setTimeout(dice.between(0, slowestMillis)) : undefined,
        )
        const settings = environment(store.endpoint)
        const programs = [yield* startProgram(["cdc"], settings), yield* startProgram(["cdc"], settings)]
        let id = 0
        const insert = Effect.suspend(() => database.sql(`INSERT INTO public.t VALUES (${++id}, 'x')`))
        const inserting = yield* insert.pipe(
          Effect.ignore,
          Effect.repeat(Schedule.spaced("50 millis")),
          Effect.forkScoped,
        )
        for (let done = 0; done < losses; done++) {
          yield* eventually(
            "a request that makes something visible is under way",
            Effect.sync(() => store.waiting() > 0),
          )
          yield* Effect.sleep(Duration.millis(dice.between(0, 300)))
          if (done % 2 === 0) yield* server.restart
          else yield* Effect.ignore(endWriter(database.sql))
        }
        inserting.interruptUnsafe()
        const ids = Effect.map(database.sql("SELECT id FROM public.t ORDER BY id"), (rows) =>
          rows.map((row) => Number(row["id"])),
        )
        const expected = yield* ids
        yield* eventually(
          "the last row is in the lake",
          Effect.map(idsInLake(bucket), (found) => found.includes(expected.at(-1) ?? 0)),
          "60 seconds",
        )
        for (const program of programs) {
          yield* program.signal("SIGTERM")
          const { code, stderr } = yield* program.outcome
          assert.strictEqual(code, 0, stderr)
        }
        const found = yield* idsInLake(bucket)
        const verdict = {
          doubled: found.filter((each, i) => found.indexOf(each) < i),
          lost: expected.filter((each) => !found.includes(each)),
          inOrder: found.every((each, i) => i === 0 || each > (found[i - 1] ?? 0)),
        }
        assert.deepStrictEqual(verdict, { doubled: [], lost: [], inOrder: true })
      }).pipe(Effect.provide(withBucket(bucket))),
    )
  },
)
