/** One run, from empty tables to the verdict. */
import { execFile } from "node:child_process"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { promisify } from "node:util"
import type { EmbeddedServer } from "../../layers/embedded/EmbeddedPostgres.ts"
import { passwordSql, roleSql, tablesSql } from "../../test/support/postgres/role.ts"
import { Random } from "../../test/support/Random.ts"
import { watchFolder } from "./lake/folderWatch.ts"
import type { Lake, Settings } from "./lake/Lake.ts"
import { startPooler } from "./network/pooler.ts"
import { planRounds } from "./plan.ts"
import { ProcessPool } from "./process/ProcessPool.ts"
import { showRounds } from "./progress.ts"
import type { Run } from "./report.ts"
import { runRounds } from "./rounds.ts"
import { setupSql, sourceTables } from "./source/ledgers.ts"
import { runSql, Source } from "./source/Source.ts"
import { startWriters } from "./source/writers.ts"
import { StoreTrouble } from "./strike/StoreTrouble.ts"
import type { Act } from "./strike/strikes.ts"
import { Tally } from "./Tally.ts"
import { judge } from "./verdict/verdict.ts"
import { witnessSlot } from "./verdict/witness.ts"

export interface ChaosOptions {
  readonly kills: number
  /** No round begins later than this; the verdict is on those that were. */
  readonly minutes: number
  readonly seed: number
  readonly only: ReadonlyArray<Act>
  /** A PgBouncer stands between `cdc` and PostgreSQL. */
  readonly pooler: boolean
  /** Prints every round. */
  readonly rounds: boolean
  /** The built program. */
  readonly program: string
  readonly server: EmbeddedServer
  readonly lake: Lake
  readonly scratch: string
}

const writerCount = 4

/** A writer of small batches may need minutes for more, in which nothing else is tried. In bytes of WAL. */
const mostBacklog = 16 * 1024 * 1024

/** The program's, with the rights of `query/role.sql`; the writers are superusers. */
const role = "afluente"
const slot = "chaos"

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
  const { kills, minutes, seed, only, program, server, lake, scratch } = options
  const startedAt = performance.now()
  const dice = new Random(seed)
  const source = new Source(server)
  const { url } = source
  const pooler = options.pooler
    ? await startPooler({ serverPort: server.port, role, password: server.password })
    : undefined
  const settings = (port: number): Settings => ({
    DATABASE_URL: `postgresql://${role}:${server.password}@${server.host}:${port}/postgres?sslmode=disable`,
    SOURCE_TABLES: sourceTables,
    REPLICATION_SLOT: slot,
    POLL_INTERVAL: "50ms",
    TMPDIR: scratch,
    ...(pooler === undefined ? {} : { SOURCE_SESSION_POOLER: "allow" }),
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

  const isFolder = lake.endpoint === undefined
  const tally = new Tally()
  const trouble = new StoreTrouble(dice.fork("store"))
  const serverPort = pooler?.port ?? server.port
  const pool = new ProcessPool({ program, lake, serverPort, settings, trouble, failures })
  const watching = isFolder
    ? await watchFolder(join(scratch, "lake"), (moment) => pool.seenInFolder(moment))
    : undefined
  const writers = startWriters(url, writerCount, dice.fork("writers"))
  const plan = planRounds(
    { kills, lake: isFolder ? "folder" : "s3", only, pooler: options.pooler },
    dice.fork("plan"),
  )
  const heldCount = () => [...pool.held.byStep.values()].reduce((sum, { held }) => sum + held, 0)
  const progress = showRounds(plan.length, tally, heldCount, options.rounds)
  const throttle = setInterval(async () => {
    const backlog = await source.backlog(slot)
    if (backlog !== undefined) writers.throttle(backlog > mostBacklog)
  }, 1000)
  const isOver = () => performance.now() - startedAt > minutes * 60_000
  const stage = { isOver, pool, source, pooler, trouble, writers, tally, failures }
  await runRounds(plan, stage, (round, millis) => {
    progress.round(round, millis)
    progress.wrong([...failures, ...tally.hangs])
  })

  clearInterval(throttle)
  progress.says("the rounds are over: some held requests go on now, the rest after the last writer has ended")
  await writers.stop()
  pool.held.outstanding.filter((_, i) => i % 2 === 0).map((request) => request.release())
  await pool.close()
  await calmly("cdc", "--once")
  for (const request of pool.held.outstanding) request.release()
  await setTimeout(1000)
  // What came late must have changed nothing, and one more writer must find nothing to do.
  await calmly("cdc", "--once")
  watching?.close()
  await pooler?.close()

  progress.says("reading the lake, the tables and the witness")
  const verdict = await judge(await lake.fetch(), url)
  return {
    seed,
    kills,
    only,
    pooler: options.pooler,
    lake,
    seconds: (performance.now() - startedAt) / 1000,
    tally,
    held: pool.held,
    formerWriters: pool.formerWriters,
    verdict,
    starts: pool.starts,
    deniedEnds: pool.deniedEnds,
    batches: pool.batches,
    transactions: writers.committed(),
    requests: trouble.requests,
    faults: trouble.counts,
    failures,
  }
}
