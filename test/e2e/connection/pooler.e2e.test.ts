/** Behind a connection pooler every command ends before it touches the session, and says what to do. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { fakePooler } from "../../support/postgres/fakePooler.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { runDoctor } from "../../support/program/doctor.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { type Environment, runProgram } from "../../support/program/program.ts"

const commands = [
  ["init"],
  ["full"],
  ["cdc"],
  ["cdc", "--once"],
  ["status"],
  ["verify"],
  ["drop-slot", "--yes"],
]

/** The settings with which the program reaches the server through a pooler. */
const openPooled = Effect.gen(function* () {
  const pipeline = yield* openPipeline({
    setup: "CREATE TABLE public.t (id integer PRIMARY KEY)",
    tables: "public.t=coisas",
  })
  const { server } = yield* TestPostgres
  const { port } = yield* fakePooler(server.port)
  const url = new URL(pipeline.environment["DATABASE_URL"] ?? "")
  url.hostname = "127.0.0.1"
  url.port = String(port)
  const pooled: Environment = { ...pipeline.environment, DATABASE_URL: url.href }
  return { ...pipeline, pooled }
})

layer(TestPostgres.shared, { excludeTestServices: true })("behind a pooler", (it) => {
  it.effect("every command that connects ends with 2 and asks for the server's own address", () =>
    Effect.gen(function* () {
      const { createSlot, pooled } = yield* openPooled
      yield* createSlot
      const outcomes = yield* Effect.forEach(commands, (command) => runProgram(command, pooled), {
        concurrency: 2,
      })
      assert.deepStrictEqual(
        outcomes.map(({ code, stderr }, i) => [
          commands[i]?.join(" "),
          code,
          /a connection pooler answers there.*server's own address/.test(stderr),
        ]),
        commands.map((command) => [command.join(" "), 2, true]),
      )
    }),
  )

  it.effect("a vouched one lets full and cdc work", () =>
    Effect.gen(function* () {
      const { createSlot, pooled, sql } = yield* openPooled
      yield* createSlot
      yield* sql("INSERT INTO public.t VALUES (1)")
      const allowed: Environment = { ...pooled, SOURCE_SESSION_POOLER: "allow" }
      const codes = yield* Effect.forEach([["full"], ["cdc", "--once"], ["verify"]], (command) =>
        Effect.map(runProgram(command, allowed), ({ code }) => code),
      )
      assert.deepStrictEqual(codes, [0, 0, 0])
    }),
  )

  it.effect("doctor has a row for it", () =>
    Effect.gen(function* () {
      const { createSlot, environment, pooled } = yield* openPooled
      yield* createSlot
      const direct = yield* runDoctor(environment)
      const vouched = yield* runDoctor({ ...pooled, SOURCE_SESSION_POOLER: "allow" })
      const refused = yield* runDoctor(pooled)
      assert.match(direct.stdout, /ok {4}pooler +direct connection/)
      assert.match(vouched.stdout, /note {2}pooler +one is in between/)
      assert.deepStrictEqual(
        [direct.code, vouched.code, refused.code, refused.complaints.filter((row) => row.startsWith("FAIL"))],
        [0, 0, 1, ["FAIL pooler"]],
      )
    }),
  )
})
