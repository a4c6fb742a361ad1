/** One run, from empty tables to the verdict. */
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import type { EmbeddedServer } from "../../layers/embedded/EmbeddedPostgres.ts"
import { passwordSql, roleSql, tablesSql } from "../../test/support/postgres/role.ts"
import { Random } from "../../test/support/Random.ts"
import { watchFolder } from "./lake/folderWatch.ts"
import type { Lake, Settings } from "./lake/Lake.ts"
import { startPooler } from "./network/pooler.ts"
import { planRounds } from "./plan.ts"
import { calmProgram } from "./process/calmProgram.ts"
import { ProcessPool } from "./process/ProcessPool.ts"
import { showRounds } from "./progress.ts"
import type { Run } from "./report.ts"
import { runRounds, startedSettings } from "./rounds.ts"
import { startArchitect } from "./source/architect.ts"
import type { ChangeKind } from "./source/definitions.ts"
import { ledgerSql, setupSql, sourceTables } from "./source/ledgers.ts"
import { runSql, Source } from "./source/Source.ts"
import { startWriters } from "./source/writers.ts"
import { counted } from "./strike/HeldRequests.ts"
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
  /** Kinds of changes of tables that are left out. */
  readonly without: ReadonlyArray<ChangeKind>
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

export const chaos = async (options: ChaosOptions): Promise<Run> => {
  const { kills, minutes, seed, only, without, program, server, lake, scratch } = options
  const startedAt = performance.now()
  const dice = new Random(seed)
  const source = new Source(server)
  const { url } = source
  const pooler = options.pooler
    ? await startPooler({ serverPort: server.port, role, password: server.password })
    : undefined
  const settings = (port: number): Settings => ({
    DATABASE_URL: `postgresql://${role}:${server.password}@${server.host}:${port}/postgres?sslmode=disable`,
    REPLICATION_SLOT: slot,
    POLL_INTERVAL: "50ms",
    TMPDIR: scratch,
    ...(pooler === undefined ? {} : { SOURCE_SESSION_POOLER: "allow" }),
  })
  const failures: Array<string> = []
  const tally = new Tally()
  const calm = calmProgram(program, failures, () => ({
    ...settings(server.port),
    ...lake.settings(),
    ...startedSettings(tally.started),
  }))

  await runSql(url, setupSql)
  await runSql(url, roleSql(role, "postgres"))
  await runSql(url, tablesSql(role, "chaos", sourceTables(true)))
  await runSql(url, `ALTER DEFAULT PRIVILEGES IN SCHEMA chaos GRANT SELECT ON TABLES TO ${role}`)
  await runSql(url, `GRANT SELECT ON ALL TABLES IN SCHEMA chaos TO ${role}`)
  await runSql(url, passwordSql(role, server.password))
  await runSql(url, `SELECT pg_create_logical_replication_slot('${witnessSlot}', 'test_decoding')`)
  await calm.must("init")
  await calm.must("full")

  const isFolder = lake.endpoint === undefined
  const trouble = new StoreTrouble(dice.fork("store"))
  const serverPort = pooler?.port ?? server.port
  const pool = new ProcessPool({ program, lake, serverPort, settings, trouble, failures })
  const watching = isFolder
    ? await watchFolder(join(scratch, "lake"), (moment) => pool.seenInFolder(moment))
    : undefined
  const writers = startWriters(url, writerCount, dice.fork("writers"))
  const plan = planRounds(
    { kills, lake: isFolder ? "folder" : "s3", only, pooler: options.pooler, without },
    dice.fork("plan"),
  )
  const architect = startArchitect({
    url,
    dice: dice.fork("architect"),
    without,
    hasBegun: () => pool.batches > 0,
    did: (kind) => counted(tally.changes, kind),
    copy: async () => counted(tally.copies, await calm.copyWhatNeedsOne()),
  })
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
  await architect.stop()
  await writers.stop()
  pool.held.outstanding.filter((_, i) => i % 2 === 0).map((request) => request.release())
  await pool.close()
  await calm.must("cdc", "--once")
  for (const request of pool.held.outstanding) request.release()
  await setTimeout(1000)
  // What came late must have changed nothing, and one more writer must find nothing to do.
  await calm.must("cdc", "--once")
  // It may be dropped now, and the verdict compares it. Fails where it is there.
  await runSql(url, `SET search_path = chaos; ${ledgerSql("passagem")}`).catch(() => {})
  await calm.must("cdc", "--once")
  const needing = await calm.needing()
  await calm.heal()
  watching?.close()
  await pooler?.close()

  progress.says("reading the lake, the tables and the witness")
  const verdict = await judge(await lake.fetch(), url, tally.started)
  return {
    seed,
    kills,
    only,
    pooler: options.pooler,
    without,
    needing,
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
