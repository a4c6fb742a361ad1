/** From an empty folder to a verified lake, with the README's own steps, and back. */
import { Effect } from "effect"
import { filesBelow } from "../../test/support/lake/lakeFolder.ts"
import { get } from "../../test/support/network/http.ts"
import { freePort } from "../../test/support/network/ports.ts"
import { judged } from "./Failure.ts"
import type { Operator } from "./world/Operator.ts"
import { roleAndRights, shop } from "./world/Source.ts"

const expect = (what: string, holds: boolean) =>
  holds ? Effect.void : Effect.die(new Error(`the story ends here: ${what}`))

const runWell = Effect.fn("runWell")(function* (operator: Operator, ...args: ReadonlyArray<string>) {
  const outcome = yield* operator.run(...args)
  yield* expect(`${args.join(" ")} ended with ${outcome.code}`, outcome.code === 0)
  return outcome
})

const showAnswer = Effect.fn("showAnswer")(function* (
  { transcript }: Operator,
  port: number,
  path: string,
  only = /./,
) {
  const { status, text } = yield* get(port, path)
  const lines = text.split("\n").filter((line) => only.test(line))
  transcript.show(`$ curl -s localhost:${port}${path}`, ...lines, `[HTTP ${status}]`)
  yield* expect(`${path} answers ${status}`, status === 200)
})

const statements = (text: string) => text.split("\n").filter((line) => !/^\s*(--.*)?$/.test(line))

const prepared = Effect.fn("prepared")(function* (operator: Operator) {
  const { transcript } = operator
  transcript.say(
    "PostgreSQL 15 runs, with `wal_level = logical` and the database `loja` of `query/demo_cdc_cliente_sync.sql`; `npm ci && npm run build` is done. " +
      "The role comes first (there is no psql here: the trial puts the variables into the same file by itself):",
  )
  transcript.show(
    "$ psql -U postgres -v role=afluente -v schemas=db_loja -v tables=db_loja.cliente -f query/role.sql loja",
    "$ psql -U postgres -c '\\password afluente' loja",
  )
  for (const sql of roleAndRights) yield* Effect.orDie(operator.source().sql(sql))
  transcript.say("Then the settings, in a folder of its own:")
  yield* operator.set({ ...operator.defaults() })
  yield* runWell(operator, "init")
  yield* runWell(operator, "doctor")
  yield* runWell(operator, "full")
})

const followed = Effect.fn("followed")(function* (operator: Operator) {
  const { transcript } = operator
  transcript.heading("`cdc` in the background, watched", 3)
  const port = yield* freePort
  transcript.disguise(String(port), "9187")
  yield* operator.set({ METRICS_PORT: String(port) })
  const writer = yield* operator.start("cdc")
  yield* writer.brings(
    "it is well",
    Effect.map(get(port, "/healthz"), ({ status }) => status === 200),
  )
  transcript.say("Seven transactions of the shop (section `changes` of the same file), and then:")
  transcript.show(...statements(shop.changes).slice(0, 4), "…")
  yield* Effect.orDie(operator.source().sql(shop.changes))
  yield* writer.says("cdc: batch written")
  yield* runWell(operator, "status")
  yield* showAnswer(operator, port, "/healthz")
  yield* showAnswer(operator, port, "/metrics", /^afluente_(changes|objects|lag_seconds|standby)/)
  yield* runWell(operator, "verify")

  transcript.heading("A standby takes over from a writer that is killed", 3)
  yield* operator.setQuietly({ METRICS_PORT: "" })
  const standby = yield* operator.start("cdc")
  yield* standby.says("cdc: standby")
  yield* operator.stop(writer, ["cdc"], "SIGKILL")
  yield* standby.says("taking over")
  yield* operator.sell
  yield* standby.says("cdc: batch written")
  transcript.say("The second one, after one more row was sold, and SIGTERM:")
  const { code } = yield* operator.stop(standby, ["cdc"])
  yield* expect(`the standby ended with ${code}`, code === 0)
  yield* runWell(operator, "verify")
})

const over = Effect.fn("over")(function* (operator: Operator) {
  const { transcript } = operator
  transcript.heading("Taken down", 3)
  yield* runWell(operator, "drop-slot", "--yes")
  transcript.say("What is left is the lake:")
  const files = yield* filesBelow(`${operator.folder}/lake`)
  transcript.show(...files)
})

/** None of the failures: it must just work. */
export const story = (operator: Operator) =>
  judged(
    operator,
    "From nothing to a verified lake",
    prepared(operator).pipe(
      Effect.andThen(followed(operator)),
      Effect.andThen(over(operator)),
      Effect.as(undefined),
    ),
  )
