/** `DATABASE_URL` as the whole program takes it: never another server, and never a word of the password. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { nobodysPort } from "../../support/network/ports.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { runProgram } from "../../support/program/program.ts"

const setup = "CREATE TABLE public.t (id integer PRIMARY KEY)"
const secret = "s3gr3do"

/** Runs `full` with an address that is made of the right one, beside variables that lead nowhere. */
const fullBy = Effect.fn("fullBy")(function* (form: (right: URL) => string) {
  const { environment, lake } = yield* openPipeline({ setup, tables: "public.t" })
  const DATABASE_URL = form(new URL(environment["DATABASE_URL"] ?? ""))
  const wrong = { PGHOST: "127.0.0.1", PGPORT: String(nobodysPort), PGUSER: "nobody", PGPASSWORD: "wrong" }
  const outcome = yield* runProgram(["full"], {
    ...environment,
    ...wrong,
    DATABASE_URL,
  })
  return { ...outcome, keys: yield* lake.keys }
})

layer(TestPostgres.shared, { excludeTestServices: true })("an address", (it) => {
  for (const [what, form] of [
    [
      "in the query of a URL",
      (url: URL) =>
        `postgresql://${url.pathname}?host=${url.hostname}&port=${url.port}&user=${url.username}&password=${url.password}&sslmode=disable`,
    ],
    [
      "of keywords",
      (url: URL) =>
        `host=${url.hostname} port=${url.port} user=${url.username} password='${url.password}' dbname=${url.pathname.slice(1)} sslmode=disable`,
    ],
    [
      "of several hosts",
      (url: URL) =>
        `postgresql://${url.username}:${url.password}@127.0.0.1:${nobodysPort},${url.host}${url.pathname}?target_session_attrs=primary&sslmode=disable`,
    ],
  ] as const) {
    it.effect(`${what} wins over all variables`, () =>
      Effect.gen(function* () {
        const { code, stderr, keys } = yield* fullBy(form)
        assert.strictEqual(code, 0, stderr)
        assert.strictEqual(keys.length, 2)
      }),
    )
  }

  for (const [what, form, words] of [
    [
      "a # in it",
      (url: URL) => `postgres://ana:1#${secret}@${url.host}/loja`,
      /DATABASE_URL: .*"#".*%-codes/,
    ],
    [
      "an @ in it",
      (url: URL) => `postgres://ana:1@${secret}@${url.host}/loja`,
      /DATABASE_URL: .*"@".*%-codes/,
    ],
    [
      "a / in it",
      (url: URL) => `postgres://ana:1/${secret}@${url.host}/loja`,
      /DATABASE_URL: .*"@".*%-codes/,
    ],
    [
      "a port that is none",
      (url: URL) => `postgres://ana:${secret}/${url.pathname}`,
      /DATABASE_URL: .*%-codes/,
    ],
    [
      "no host behind it",
      () => `postgres://ana:${secret}`,
      /DATABASE_URL: its port is no number; write special characters of the password as %-codes/,
    ],
    [
      "an unknown parameter",
      (url: URL) => `postgres://ana:${secret}@${url.host}/loja?pgbouncer=true`,
      /DATABASE_URL: the parameter pgbouncer is unknown to libpq/,
    ],
  ] as const) {
    it.effect(`whose password has ${what} ends with 2 and without a word of it`, () =>
      Effect.gen(function* () {
        const { code, stdout, stderr, keys } = yield* fullBy(form)
        assert.strictEqual(code, 2, stderr)
        assert.match(stderr, words)
        assert.notInclude(stdout + stderr, secret)
        assert.deepStrictEqual(keys, [])
      }),
    )
  }
})
