/**
 * The kill test: the built program, a real PostgreSQL, a real S3 server, and no mercy. Sessions write without a pause
 * while `cdc` is killed and frozen again and again, most often in the middle of a chosen durable step; its requests are
 * held back and carried out when another writer has taken over; PostgreSQL crashes, sessions are terminated, and the
 * network loses requests and answers. When all is quiet the lake must hold every change once, in order.
 *
 * The seed decides what is written, when and how it is struck, and which requests suffer. How processes and requests
 * interleave is the machine's affair: the same seed makes a similar run, not the same one.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { Effect } from "effect"
import { start } from "../../layers/embedded/EmbeddedPostgres.ts"
import { chaos } from "./chaos.ts"
import { bucketLake, folderLake } from "./lake/Lake.ts"
import { commandOf, isGood, printReport } from "./report.ts"
import { acts } from "./strike/strikes.ts"

const usage = `npm run test:chaos -- [--kills 25] [--minutes 60] [--seed 42] [--lake s3|folder] [--only ${acts.join()}] [--pooler] [--rounds]`

/** A run keeps all its WAL for the witness: more kills than these are several runs, each with the next seed. */
const killsPerRun = 2000

const options = (args: ReadonlyArray<string>) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kills: { type: "string", default: "25" },
      minutes: { type: "string", default: "Infinity" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      lake: { type: "string", default: "s3" },
      only: { type: "string", default: acts.join() },
      pooler: { type: "boolean", default: false },
      rounds: { type: "boolean", default: false },
    },
  })
  const [kills, seed, { lake, pooler, rounds }] = [Number(values.kills), Number(values.seed), values]
  const minutes = Number(values.minutes)
  const only = acts.filter((act) => values.only.split(",").includes(act))
  if (
    !(minutes > 0) ||
    !Number.isInteger(kills) ||
    !Number.isInteger(seed) ||
    !/^(s3|folder)$/.test(lake) ||
    only.length === 0
  )
    throw new Error(usage)
  return { kills, minutes, seed, only, pooler, rounds, openLake: lake === "s3" ? bucketLake : folderLake }
}

type Options = ReturnType<typeof options>

/** Small, so that large transactions and those that stay open are decoded from files, as on a busy server. */
const serverSettings = { logical_decoding_work_mem: "1MB" }

/** True where the lake held what it must. */
const runOnce = async ({ openLake, ...run }: Options, program: string): Promise<boolean> => {
  const scratch = await mkdtemp(join(tmpdir(), "chaos-"))
  await mkdir(join(scratch, "lake"))
  const lake = openLake(scratch)
  console.log(commandOf({ ...run, lake }))
  const tellSeed = () => console.log(`\nbroken off. To repeat: ${commandOf({ ...run, lake })}`)
  process.once("exit", tellSeed)
  const done = await Effect.runPromise(
    start({ settings: serverSettings }).pipe(
      Effect.flatMap((server) => Effect.promise(() => chaos({ ...run, program, server, lake, scratch }))),
      Effect.scoped,
    ),
  )
  process.off("exit", tellSeed)
  printReport(done)
  if (!isGood(done)) {
    console.log(`The lake is left in ${scratch}`)
    return false
  }
  await lake.remove()
  await rm(scratch, { recursive: true, force: true })
  return true
}

/** Answers the process's exit code. */
export const main = async (args: ReadonlyArray<string>, program: string): Promise<number> => {
  const wanted = options(args)
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130))
  for (let done = 0; done < wanted.kills; done += killsPerRun) {
    const kills = Math.min(killsPerRun, wanted.kills - done)
    const isWhole = await runOnce({ ...wanted, kills, seed: wanted.seed + done / killsPerRun }, program)
    if (!isWhole) return 1
  }
  return 0
}
