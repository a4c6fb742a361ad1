/** One run, from empty tables to the verdict. */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { Effect } from "effect"
import pg from "pg"
import type { EmbeddedServer } from "../../layers/EmbeddedPostgres.ts"
import { passwordSql, roleSql, tablesSql } from "../support/role.ts"
import { Dice } from "./Dice.ts"
import type { Lake, Settings } from "./Lake.ts"
import { setupSql, sourceTables } from "./ledgers.ts"
import { openSeats } from "./openSeats.ts"
import { planKills } from "./plan.ts"
import type { Run } from "./report.ts"
import { runRounds } from "./rounds.ts"
import { judge } from "./verdict.ts"
import { witnessSlot } from "./witness.ts"
import { startWriters } from "./writers.ts"

export interface ChaosOptions {
  readonly kills: number
  readonly seed: number
  /** The built program. */
  readonly program: string
  readonly server: EmbeddedServer
  readonly lake: Lake
  readonly scratch: string
}

const writerCount = 4

/** The program's, with the rights of `query/role.sql`; the writers are superusers. */
const role = "afluente"

const runSql = async (url: string, sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  client.on("error", () => {})
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

/** The program, run to its end; the text it says when it fails. */
const runProgram = (
  program: string,
  env: Settings,
  args: ReadonlyArray<string>,
): Promise<ReadonlyArray<string>> =>
  promisify(execFile)(process.execPath, [program, ...args], { env, timeout: 300_000 }).then(
    () => [],
    (cause: { readonly code?: unknown; readonly stderr?: string }) => [
      `${args.join(" ")} ended with ${cause.code}\n${cause.stderr}`,
    ],
  )

export const chaos = async (options: ChaosOptions): Promise<Run> => {
  const { kills, seed, program, server, lake, scratch } = options
  const startedAt = performance.now()
  const dice = new Dice(seed)
  const url = server.url("postgres")
  const settings = (port: number): Settings => ({
    DATABASE_URL: `postgresql://${role}:${server.password}@${server.host}:${port}/postgres?sslmode=disable`,
    SOURCE_TABLES: sourceTables,
    REPLICATION_SLOT: "chaos",
    POLL_INTERVAL: "50ms",
    TMPDIR: scratch,
  })
  const failures: Array<string> = []
  /** Past the proxies. */
  const calmly = async (...args: ReadonlyArray<string>) => {
    const env = { PATH: process.env["PATH"] ?? "", ...settings(server.port), ...lake.settings() }
    failures.push(...(await runProgram(program, env, args)))
  }

  await runSql(url, setupSql)
  await runSql(url, roleSql(role, "postgres"))
  await runSql(url, tablesSql(role, "chaos", sourceTables))
  await runSql(url, passwordSql(role, server.password))
  await runSql(url, `SELECT pg_create_logical_replication_slot('${witnessSlot}', 'test_decoding')`)
  await calmly("init")
  await calmly("full")

  const seats = await openSeats({ program, lake, scratch, serverPort: server.port, settings, dice, failures })
  const source = {
    crash: async () => {
      await Effect.runPromise(server.stop("immediate"))
      await Effect.runPromise(server.restart)
    },
    checkpoint: () => runSql(url, "CHECKPOINT").catch(() => {}),
    cut: seats.cut,
  }
  const writers = startWriters(url, writerCount, dice.fork("writers"))
  const plan = planKills(kills, lake.endpoint === undefined ? "folder" : "s3", dice.fork("plan"))
  const outcome = await runRounds(plan, seats.seats, source, (done, { phase }) => {
    if (done % 25 === 0) console.log(`${done} kills, the last in "${phase}"`)
  })
  await writers.stop()
  await seats.close()
  await calmly("cdc", "--once")

  const verdict = await judge(await lake.fetch(), url)
  return {
    seed,
    lake: lake.told,
    seconds: (performance.now() - startedAt) / 1000,
    outcome,
    verdict,
    starts: seats.starts(),
    batches: seats.batches(),
    transactions: writers.committed(),
    requests: seats.requests(),
    faults: seats.faults(),
    failures,
  }
}
