/**
 * The person at the terminal: has a folder with a `.env`, runs the program there and SQL as superuser, and all of it goes
 * into the transcript.
 */
import { rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import { temporaryFolder } from "../../../test/support/lake/lakeFolder.ts"
import {
  type Environment,
  type Outcome,
  type RunningProgram,
  startProgram,
} from "../../../test/support/program/program.ts"
import { roleAndRights, type Source } from "./Source.ts"
import type { Transcript } from "./Transcript.ts"

/** Longer than the 60 s for which `cdc` waits where a person has written the watermark. */
const longestWait = "100 seconds"

export interface Begun {
  /** As `init` makes it. */
  readonly slot?: boolean
  /** As `full` and a first `cdc --once` leave it. */
  readonly lake?: boolean
}

const lines = (settings: Environment) => Object.entries(settings).map(([name, value]) => `${name}=${value}`)
const typed = (args: ReadonlyArray<string>) => `$ node dist/main.js ${args.join(" ")}`

export const openOperator = Effect.fn("openOperator")(function* (
  transcript: Transcript,
  first: Source,
  secrets: ReadonlyArray<string>,
) {
  const folder = yield* temporaryFolder
  transcript.disguise(folder, "/srv/afluente")
  let source = first
  let settings: Environment = {}
  const leaks: Array<string> = []

  const defaults = (): Environment => ({
    DATABASE_URL: source.url,
    SOURCE_TABLES: "db_loja.cliente=clientes",
    LAKE_URL: "file:./lake",
    // As on a terminal.
    LOG_FORMAT: "pretty",
  })
  const write = (next: Environment) =>
    Effect.promise(async () => {
      settings = next
      await writeFile(join(folder, ".env"), `${lines(next).join("\n")}\n`)
    })
  const start = (...args: ReadonlyArray<string>) => startProgram(args, {}, folder, undefined, longestWait)
  const quietly = (...args: ReadonlyArray<string>) =>
    Effect.scoped(Effect.flatMap(start(...args), (program) => program.outcome))
  /** Its lines; none where it said nothing. */
  const said = ({ stdout, stderr }: Outcome) => {
    const all = stdout + stderr
    if (secrets.some((secret) => all.includes(secret))) leaks.push(all)
    return all.split("\n").slice(0, -1)
  }

  const begin = Effect.fn("Operator.begin")(function* ({ slot = false, lake = false }: Begun) {
    for (const name of ["lake", "lake2"])
      yield* Effect.promise(() => rm(join(folder, name), { recursive: true, force: true }))
    yield* source.sql(`SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE active;
      SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots`)
    for (const sql of roleAndRights) yield* source.sql(sql)
    yield* write(defaults())
    const steps = [...(slot || lake ? ["init"] : []), ...(lake ? ["full", "cdc --once"] : [])]
    for (const step of steps) {
      const { code, stderr } = yield* quietly(...step.split(" "))
      if (code !== 0) return yield* Effect.die(new Error(`${step}: ${stderr}`))
    }
  })

  return {
    transcript,
    folder,
    /** Outputs that held a secret: there must be none. */
    leaks,
    source: () => source,
    /** Another server, from now on. */
    use: (other: Source) => {
      source = other
    },
    defaults,
    start,
    /** Runs and shows it. */
    run: Effect.fn("Operator.run")(function* (...args: ReadonlyArray<string>) {
      const outcome = yield* quietly(...args)
      transcript.show(typed(args), ...said(outcome), `[exit ${outcome.code}]`)
      return outcome
    }),
    /** Waits for its own end, and shows all that it said, and how long it took since `begun`. */
    awaitEnd: Effect.fn("Operator.awaitEnd")(function* (
      program: RunningProgram,
      args: ReadonlyArray<string>,
      begun = Date.now(),
    ) {
      const outcome = yield* program.outcome
      const seconds = Math.round((Date.now() - begun) / 1000)
      transcript.show(typed(args), ...said(outcome), `[exit ${outcome.code} after ${seconds} s]`)
      return { ...outcome, seconds }
    }),
    /** Ends it in good order, and shows all that it said. */
    stop: Effect.fn("Operator.stop")(function* (
      program: RunningProgram,
      args: ReadonlyArray<string>,
      signal: "SIGTERM" | "SIGKILL" = "SIGTERM",
    ) {
      yield* program.signal(signal)
      const outcome = yield* program.outcome
      const ended = outcome.code === null ? `killed by ${signal}` : `exit ${outcome.code} after ${signal}`
      transcript.show(`${typed(args)} &`, ...said(outcome), `[${ended}]`)
      return outcome
    }),
    /** As superuser, in the database. Shown. */
    sql: (text: string) =>
      Effect.suspend(() => {
        transcript.show(`loja=# ${text}`)
        return Effect.orDie(source.sql(text))
      }),
    /** Writes `.env` and shows what is new in it. */
    set: (changes: Environment) =>
      Effect.suspend(() => {
        transcript.show("# .env", ...lines(changes))
        return write({ ...settings, ...changes })
      }),
    /** The same without a word: what the transcript tells in its own. */
    setQuietly: (changes: Environment) => Effect.suspend(() => write({ ...settings, ...changes })),
    /** The beginning of each failure: the settings of the story, and slot and lake as far as they are asked for. */
    anew: (begun: Begun = {}) => Effect.orDie(begin(begun)),
    /** One more row to carry. */
    sell: Effect.suspend(() =>
      Effect.orDie(source.sql("INSERT INTO db_loja.cliente (nome) VALUES ('Cliente da noite')")),
    ),
  }
})

export type Operator = Effect.Success<ReturnType<typeof openOperator>>
