/**
 * The kill test: the built program, a real PostgreSQL, a real S3 server, and no mercy. Sessions write without a pause
 * while `cdc` is killed again and again, most often in the middle of a chosen durable step; PostgreSQL crashes, and
 * the network loses requests and answers. When all is quiet the lake must hold every change once, in order.
 *
 * The seed decides what is written, when and how it is killed, and which requests suffer. How processes and requests
 * interleave is the machine's affair: the same seed makes a similar run, not the same one.
 */
import { execFile } from "node:child_process"
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs, promisify } from "node:util"
import { Effect } from "effect"
import pg from "pg"
import { type EmbeddedServer, start } from "../../layers/EmbeddedPostgres.ts"
import { Dice } from "./Dice.ts"
import { watchFolder } from "./folderWatch.ts"
import { bucketLake, folderLake, type Lake, type Settings } from "./Lake.ts"
import { setupSql, sourceTables } from "./ledgers.ts"
import { planKills } from "./plan.ts"
import { isGood, printReport } from "./report.ts"
import { runRounds, type Source } from "./rounds.ts"
import { Seat } from "./Seat.ts"
import { type SourceProxy, startSourceProxy } from "./sourceProxy.ts"
import { type StoreProxy, startStoreProxy } from "./storeProxy.ts"
import { judge } from "./verdict.ts"
import { witnessSlot } from "./witness.ts"
import { startWriters } from "./writers.ts"

const usage = "npm run test:chaos -- [--kills 25] [--seed 42] [--lake s3|folder]"
const slot = "chaos"
/** Of the requests to the store, so many suffer a fault. */
const faultChance = 0.04
const writerCount = 4

const options = (args: ReadonlyArray<string>) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kills: { type: "string", default: "25" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      lake: { type: "string", default: "s3" },
    },
  })
  const [kills, seed] = [Number(values.kills), Number(values.seed)]
  const { lake } = values
  if (!Number.isInteger(kills) || !Number.isInteger(seed) || (lake !== "s3" && lake !== "folder"))
    throw new Error(usage)
  const chosen: "s3" | "folder" = lake
  return { kills, seed, lake: chosen }
}

const database = (url: string) => {
  const query = async (sql: string) => {
    const client = new pg.Client({ connectionString: url })
    client.on("error", () => {})
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }
  return { url, query }
}

/** The program, run to its end and reaching everything directly; the text it says when it fails. */
const runProgram =
  (program: string, environment: Settings) =>
  (...args: ReadonlyArray<string>) =>
    promisify(execFile)(process.execPath, [program, ...args], { env: environment, timeout: 300_000 }).then(
      () => undefined,
      (cause: { readonly code?: unknown; readonly stderr?: string }) =>
        `${args.join(" ")} ended with ${cause.code}\n${cause.stderr}`,
    )

const chaos = async (
  { kills, seed, lake: kind }: ReturnType<typeof options>,
  program: string,
  server: EmbeddedServer,
  lake: Lake,
  scratch: string,
) => {
  const startedAt = performance.now()
  const dice = new Dice(seed)
  const { url, query } = database(server.url("postgres"))
  await query(setupSql)
  const at = (port: number): Settings => ({
    DATABASE_URL: `${url.replace(`:${server.port}/`, `:${port}/`)}?sslmode=disable`,
    SOURCE_TABLES: sourceTables,
    REPLICATION_SLOT: slot,
    POLL_INTERVAL: "50ms",
    TMPDIR: scratch,
  })
  const calmly = runProgram(program, {
    PATH: process.env["PATH"] ?? "",
    ...at(server.port),
    ...lake.settings(),
  })
  await query(`SELECT pg_create_logical_replication_slot('${witnessSlot}', 'test_decoding')`)
  const failures: Array<string> = []
  const mustSucceed = async (...args: ReadonlyArray<string>) => {
    const failure = await calmly(...args)
    if (failure !== undefined) failures.push(failure)
  }
  await mustSucceed("init")
  await mustSucceed("full")

  const proxies: Array<SourceProxy | StoreProxy> = []
  const openSeat = async (name: string) => {
    // The seat needs the ports of the proxies, and these the seat.
    const environment: Record<string, string> = {}
    const seat = new Seat(name, program, environment, (end) =>
      failures.push(`${end.seat} ended by itself with ${end.code}\n${end.log}`),
    )
    const source = await startSourceProxy(seat, server.port)
    const store =
      lake.endpoint && (await startStoreProxy(seat, lake.endpoint, dice.fork(`store ${name}`), faultChance))
    Object.assign(environment, at(source.port), lake.settings(store && `http://127.0.0.1:${store.port}`))
    proxies.push(source, ...(store ? [store] : []))
    return { seat, source, store }
  }
  const [one, two] = [await openSeat("one"), await openSeat("two")]
  const seats = [one.seat, two.seat] as const
  const watching =
    kind === "folder" &&
    (await watchFolder(join(scratch, "lake"), (moment) => {
      const writer = seats.find((seat) => seat.isWriter)
      writer?.passes(moment, writer.generation)
    }))
  const source: Source = {
    crash: async () => {
      await Effect.runPromise(server.stop("immediate"))
      await Effect.runPromise(server.restart)
    },
    checkpoint: () => query("CHECKPOINT").catch(() => {}),
    cut: (seat) => void [one, two].find((each) => each.seat === seat)?.source.cut(),
  }

  const writers = startWriters(url, writerCount, dice.fork("writers"))
  const outcome = await runRounds(
    planKills(kills, kind, dice.fork("plan")),
    seats,
    source,
    (done, { phase }) => {
      if (done % 25 === 0) console.log(`${done} kills, the last in "${phase}"`)
    },
  )
  await writers.stop()
  for (const seat of seats) {
    const code = await seat.end(30_000)
    if (code !== 0) failures.push(`${seat.name} was asked to stop and ended with ${code}\n${seat.log}`)
  }
  for (const proxy of proxies) proxy.close()
  if (watching) watching.close()
  await mustSucceed("cdc", "--once")

  const verdict = await judge(await lake.fetch(), url)
  const stores = [one.store, two.store]
  const run = {
    seed,
    lake: lake.told,
    seconds: (performance.now() - startedAt) / 1000,
    outcome,
    verdict,
    starts: one.seat.starts + two.seat.starts,
    batches: one.seat.batches + two.seat.batches,
    transactions: writers.committed(),
    requests: stores.reduce((sum, store) => sum + (store?.requests() ?? 0), 0),
    faults: new Map(
      [...(one.store?.faults ?? [])].map(([fault, count]) => [
        fault,
        count + (two.store?.faults.get(fault) ?? 0),
      ]),
    ),
    failures,
  }
  printReport(run)
  return isGood(run)
}

/** The process's exit code. */
export const main = async (args: ReadonlyArray<string>, program: string): Promise<number> => {
  const chosen = options(args)
  console.log(`seed ${chosen.seed}, ${chosen.kills} kills`)
  const scratch = await mkdtemp(join(tmpdir(), "chaos-"))
  const lake = chosen.lake === "folder" ? folderLake(scratch) : bucketLake(scratch)
  await mkdir(join(scratch, "lake"))
  try {
    const good = await Effect.runPromise(
      start({ settings: { logical_decoding_work_mem: "1MB" } }).pipe(
        Effect.flatMap((server) => Effect.promise(() => chaos(chosen, program, server, lake, scratch))),
        Effect.scoped,
      ),
    )
    // What is wrong is to be looked at: a lake that is right is not.
    if (good) await lake.remove()
    if (good) await rm(scratch, { recursive: true, force: true })
    else console.log(`The lake is left in ${scratch}`)
    return good ? 0 : 1
  } catch (cause) {
    console.error(cause)
    return 1
  }
}
