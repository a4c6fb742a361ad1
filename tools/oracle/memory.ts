/**
 * What large values and large transactions cost: `npm run test:oracle -- --memory [--rows 5000000] [--only transaction]`. Linux only, because it
 * reads `/proc`. The figures are for docs/values.md; nothing is asserted.
 */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import { openLakeFolder } from "../../test/support/lake/lakeFolder.ts"
import type { TestSession } from "../../test/support/postgres/pgClient.ts"
import { type TestDatabase, TestPostgres } from "../../test/support/postgres/postgres.ts"
import { startProgram } from "../../test/support/program/program.ts"

const field = (pid: number, name: string): number => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8")
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

const sizeBelow = (folder: string): number => {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
  } catch {
    return 0
  }
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`

/** Runs the program and tells its peak, its server process's and its temporary files'. */
const measured = Effect.fn("measured")(function* (
  what: string,
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>>,
  watcher: TestSession,
) {
  const startedAt = performance.now()
  const peak = { program: 0, server: 0, spool: 0 }
  const program = yield* startProgram(args, environment)
  const look = Effect.gen(function* () {
    const backends = yield* watcher.sql(
      "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'afluente%'",
    )
    const anonymous = backends.map(({ pid }) => field(Number(pid), "RssAnon"))
    peak.program = Math.max(peak.program, field(program.pid, "VmHWM"))
    peak.server = Math.max(peak.server, ...anonymous)
    peak.spool = Math.max(peak.spool, sizeBelow(environment["TMPDIR"] ?? ""))
  })
  // Its end is awaited here: a large transaction takes longer than any test is given.
  while (field(program.pid, "VmSize") > 0) yield* Effect.andThen(look, Effect.sleep("50 millis"))
  const { code, stderr } = yield* program.outcome
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(
    `${what}, ${args.join(" ")}: program ${megabytes(peak.program)}, server process ${megabytes(peak.server)} (anonymous), temporary files ${megabytes(peak.spool)}, ${seconds} s, exit ${code}`,
  )
  if (code !== 0) console.log(stderr)
}, Effect.scoped)

interface Case {
  readonly what: string
  readonly change: string
}

const cases = (rows: number): ReadonlyArray<Case> => [
  { what: "one small row", change: "INSERT INTO public.t VALUES (1, 'x')" },
  { what: "a value of 50 MB", change: "INSERT INTO public.t VALUES (1, repeat('x,\"\n ', 10000000))" },
  {
    what: "a row of 200 MB in 4 values",
    change: `INSERT INTO public.t SELECT 1, v, v, v, v FROM repeat(md5('1'), 1562500) AS v`,
  },
  {
    what: "a value of 600 MB",
    change: "INSERT INTO public.t VALUES (1, repeat('x', 600000000))",
  },
  {
    what: "a row of 450 MB in 3 values",
    change: "INSERT INTO public.t SELECT 1, v, v, v FROM repeat(md5('1'), 4687500) AS v",
  },
  {
    what: "a row of 900 MB in 4 values",
    change: "INSERT INTO public.t SELECT 1, v, v, v, v FROM repeat(md5('1'), 7031250) AS v",
  },
  {
    what: "a row of 300 MB of quotes in 3 values",
    change: `INSERT INTO public.t SELECT 1, v, v, v FROM repeat('"', 100000000) AS v`,
  },
  {
    what: "an update of a row of 450 MB under REPLICA IDENTITY FULL",
    change: `ALTER TABLE public.t REPLICA IDENTITY FULL; INSERT INTO public.t SELECT 1, v, v, v FROM repeat(md5('1'), 4687500) AS v;
             UPDATE public.t SET id = 2`,
  },
  {
    what: "an update of a row of 100 MB under REPLICA IDENTITY FULL",
    change: `ALTER TABLE public.t REPLICA IDENTITY FULL; INSERT INTO public.t SELECT 1, v, v FROM repeat(md5('1'), 1562500) AS v;
             UPDATE public.t SET id = 2`,
  },
  {
    what: `one transaction of ${rows} rows`,
    change: `INSERT INTO public.t SELECT n, md5(n::text), n::text FROM generate_series(1, ${rows}) AS n`,
  },
]

const measure = Effect.fnUntraced(function* ({ what, change }: Case, database: TestDatabase) {
  const lake = yield* openLakeFolder
  const spool = join(lake.folder, "spool")
  yield* Effect.promise(() => mkdir(spool))
  const environment = {
    DATABASE_URL: `${database.url}?sslmode=disable`,
    LAKE_URL: `${lake.url}/lake`,
    SOURCE_TABLES: "public.t",
    REPLICATION_SLOT: "memory",
    TMPDIR: spool,
  }
  yield* database.sql("CREATE TABLE public.t (id integer PRIMARY KEY, a text, b text, c text, d text)")
  yield* database.sql("SELECT pg_create_logical_replication_slot('memory', 'test_decoding')")
  yield* database.sql(change)
  yield* measured(what, ["cdc", "--once"], environment, database)
  yield* measured(what, ["full"], environment, database)
})

/** All of them, or those whose name holds a text. */
export const measureMemory = Effect.fn("measureMemory")(function* (rows: number, only: string) {
  const { database } = yield* TestPostgres
  for (const one of cases(rows).filter(({ what }) => what.includes(only))) {
    yield* Effect.scoped(Effect.flatMap(database(), (own) => measure(one, own)))
  }
})
