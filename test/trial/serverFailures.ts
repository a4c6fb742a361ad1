/** What a setting of the server itself forbids, and a restart mends: on a server of its own. */
import { Effect } from "effect"
import { temporaryFolder } from "../support/lakeFolder.ts"
import { testServer } from "../support/postgres.ts"
import { judged, type Verdict } from "./Failure.ts"
import type { Operator } from "./Operator.ts"
import { openSource, roleAndRights } from "./Source.ts"
import type { Transcript } from "./Transcript.ts"

/** One life of the server, with these settings. What is in its folder stays. */
const serving = Effect.fn("serving")(
  function* (operator: Operator, dataFolder: string, settings: Readonly<Record<string, string>>) {
    const source = yield* openSource(yield* testServer({ dataFolder, settings }))
    for (const sql of roleAndRights) yield* source.sql(sql)
    operator.transcript.disguise(String(source.server.port), "5432")
    operator.use(source)
    yield* operator.setQuietly({ ...operator.defaults() })
    return source
  },
  (served) => Effect.orDie(served),
)

const restarted = (transcript: Transcript, line: string) =>
  transcript.block(`# postgresql.conf, then a restart of PostgreSQL\n${line}`)

export const serverFailures = Effect.fn("serverFailures")(function* (operator: Operator) {
  const { transcript } = operator
  const first = operator.source()
  const dataFolder = yield* temporaryFolder
  const verdicts: Array<Verdict> = []

  const initFails = (title: string, wrong: string, words: RegExp, mended: string) =>
    judged(
      operator,
      title,
      Effect.gen(function* () {
        transcript.heading(title, 3)
        transcript.say(wrong)
        const { code, stderr } = yield* operator.run("init")
        if (code !== 2) return `ended with ${code} instead of 2`
        if (!words.test(stderr)) return `does not say ${words}`
        transcript.say("Done, as it says:")
        restarted(transcript, mended)
        return undefined
      }),
    )
  const initWorks = Effect.fn("initWorks")(function* (verdict: Verdict) {
    const { code } = yield* operator.run("init")
    verdicts.push(
      verdict.trouble === undefined && code !== 0
        ? { ...verdict, trouble: `is not mended by it: exit ${code}` }
        : verdict,
    )
  })

  const level = yield* Effect.scoped(
    Effect.andThen(
      serving(operator, dataFolder, { wal_level: "replica" }),
      initFails(
        "The log is not logical",
        "A server as it comes: `wal_level = replica`.",
        /Set wal_level = logical in postgresql\.conf and restart PostgreSQL/,
        "wal_level = logical",
      ),
    ),
  )
  const slots = yield* Effect.scoped(
    Effect.gen(function* () {
      const source = yield* serving(operator, dataFolder, { max_replication_slots: "1" })
      yield* initWorks(level)
      yield* Effect.orDie(
        source.sql(
          "SELECT pg_drop_replication_slot('data_sync_slot'); SELECT pg_create_physical_replication_slot('replica')",
        ),
      )
      return yield* initFails(
        "All slots are in use",
        "`max_replication_slots = 1`, and a replica has it.",
        /Raise max_replication_slots and restart PostgreSQL/,
        "max_replication_slots = 10",
      )
    }),
  )
  yield* Effect.scoped(
    Effect.andThen(serving(operator, dataFolder, { max_replication_slots: "10" }), initWorks(slots)),
  )
  operator.use(first)
  return verdicts
})
