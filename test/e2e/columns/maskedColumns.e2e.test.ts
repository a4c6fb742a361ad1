/** Nothing of an excluded column, and no value of a hashed one, leaves the source: on a server that logs all statements. */
import { createHmac } from "node:crypto"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"

const setup = `
  CREATE TABLE public.pessoa (id integer PRIMARY KEY, cpf text, email text, foto text, doc text, ativo boolean, cidade text);
  ALTER TABLE public.pessoa ALTER foto SET STORAGE EXTERNAL, ALTER doc SET STORAGE EXTERNAL;
  CREATE TABLE public.conta (codigo text PRIMARY KEY, titular text, saldo numeric);
  ALTER TABLE public.conta REPLICA IDENTITY FULL`

const key = "chave-0123456789abcdef"
const settings = {
  COLUMNS_EXCLUDE: "*.cpf, public.pessoa.d?c, *.*.titular",
  COLUMNS_HASH: "public.pessoa.email, public.pessoa.foto, public.pessoa.ativo, public.conta.codigo",
  COLUMNS_HASH_KEY: key,
  LOG_LEVEL: "trace",
}
const secret = /segredo/
const large = `repeat('segredo-''foto", ', 130000)`

const hash = (value: string) => createHmac("sha256", key).update(value).digest("hex")

const before = [
  `INSERT INTO public.pessoa VALUES (1, 'segredo-cpf', 'segredo@um', ${large}, ${large}, true, 'Recife'), (2, NULL, NULL, NULL, NULL, NULL, '')`,
  "INSERT INTO public.conta VALUES ('segredo-a', 'segredo-titular', 1.5), ('segredo-b', NULL, 2)",
]
/** INSERT, UPDATE of keys and of others, unchanged TOAST, DELETE, FULL, values of 2 MB. */
const changes = [
  `INSERT INTO public.pessoa VALUES (3, 'segredo-cpf', 'segredo"três''', ${large} || '3', ${large}, false, 'Natal')`,
  "UPDATE public.pessoa SET cidade = 'Olinda' WHERE id = 1",
  "UPDATE public.pessoa SET id = 10, cpf = 'segredo-outro' WHERE id = 1",
  `UPDATE public.pessoa SET foto = ${large} || 'x', doc = NULL WHERE id = 3`,
  "UPDATE public.conta SET codigo = 'segredo-c' WHERE codigo = 'segredo-a'",
  "UPDATE public.conta SET titular = 'segredo-novo' WHERE codigo = 'segredo-b'",
  "DELETE FROM public.conta WHERE codigo = 'segredo-b'",
  "DELETE FROM public.pessoa WHERE id = 2",
  `BEGIN; INSERT INTO public.pessoa SELECT n, 'segredo', 'segredo' || n, repeat('segredo', 300), 'segredo', true, NULL FROM generate_series(100, 3000) AS n; COMMIT`,
]

const logging = {
  log_statement: "all",
  log_duration: "on",
  log_line_prefix: "%a| ",
  log_min_messages: "debug1",
}

const logged: Array<string> = []
const server = TestPostgres.layer({ settings: logging, onLog: (line) => logged.push(line) })

/** What the server logged of our sessions, with the lines that go on. */
const ourStatements = (log: string): string =>
  log
    .split(/\n(?!\t)/)
    .filter((entry) => entry.startsWith("afluente"))
    .join("\n")

layer(server, { excludeTestServices: true })("Masked columns", (it) => {
  it.effect(
    "are in no object, log or statement, and verify finds lake and tables equal",
    () =>
      Effect.gen(function* () {
        const { sql, run, lake } = yield* openPipeline({
          setup,
          tables: "public.pessoa,public.conta",
          settings,
        })
        const told: Array<string> = []
        const command = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
          const { code, stdout, stderr } = yield* run(...args)
          told.push(stdout, stderr)
          assert.strictEqual(code, 0, `${args.join(" ")}: ${stdout}${stderr}`)
          return stdout
        })
        yield* command("init")
        for (const statement of before) yield* sql(statement)
        yield* command("full")
        for (const statement of changes) yield* sql(statement)
        // A part of it is in the slot when `verify` compares.
        yield* command("verify")
        yield* command("cdc", "--once")
        yield* command("status", "--json")
        yield* command("doctor")
        assert.match(yield* command("verify"), /equal/)

        const texts = yield* Effect.flatMap(lake.keys, (keys) => Effect.forEach(keys, lake.text))
        assert.isAbove(texts.length, 6)
        for (const text of texts) assert.notMatch(text, secret)
        for (const text of texts) assert.notInclude(text, key)
        assert.include(texts.join(), hash("segredo@um"))
        assert.include(texts.join(), hash("segredo\"três'"))
        assert.include(texts.join(), hash(`${"segredo-'foto\", ".repeat(130_000)}x`))
        assert.notMatch(told.join("\n"), secret)
        assert.notInclude(told.join("\n"), key)

        const log = logged.join("\n")
        assert.include(ourStatements(log), "COPY (SELECT")
        assert.notMatch(ourStatements(log), secret)
        assert.notInclude(log, key)
        assert.notMatch(ourStatements(log), /COPY \(SELECT[^\n]*"(cpf|doc|titular)"/)
      }),
    120_000,
  )

  it.effect(
    "need no right to read them",
    () =>
      Effect.gen(function* () {
        const { database, sql, run, createSlot } = yield* openPipeline({
          setup,
          tables: "public.pessoa",
          settings,
        })
        yield* createSlot
        yield* sql(`REVOKE SELECT ON public.pessoa FROM ${database.role}`)
        yield* sql(`GRANT SELECT (id, email, foto, ativo) ON public.pessoa TO ${database.role}`)
        const refused = yield* run("doctor")
        assert.include(
          refused.stdout,
          'GRANT SELECT ("id", "email", "foto", "ativo", "cidade") ON "public"."pessoa"',
        )
        yield* sql(`GRANT SELECT (cidade) ON public.pessoa TO ${database.role}`)
        for (const args of [["doctor"], ["full"], ["cdc", "--once"], ["verify"]]) {
          const { code, stdout, stderr } = yield* run(...args)
          assert.strictEqual(code, 0, `${args.join(" ")}: ${stdout}${stderr}`)
        }
      }),
    120_000,
  )
})
