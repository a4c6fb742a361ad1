/**
 * The kill test: the built program, a real PostgreSQL, a real S3 server, and no mercy. Sessions write without a pause
 * while `cdc` is killed again and again, most often in the middle of a chosen durable step; PostgreSQL crashes, and
 * the network loses requests and answers. When all is quiet the lake must hold every change once, in order.
 *
 * The seed decides what is written, when and how it is killed, and which requests suffer. How processes and requests
 * interleave is the machine's affair: the same seed makes a similar run, not the same one.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { Effect } from "effect"
import { start } from "../../layers/EmbeddedPostgres.ts"
import { chaos } from "./chaos.ts"
import { bucketLake, folderLake } from "./Lake.ts"
import { isGood, printReport } from "./report.ts"

const usage = "npm run test:chaos -- [--kills 25] [--seed 42] [--lake s3|folder]"

const options = (args: ReadonlyArray<string>) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kills: { type: "string", default: "25" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      lake: { type: "string", default: "s3" },
    },
  })
  const [kills, seed, { lake }] = [Number(values.kills), Number(values.seed), values]
  if (!Number.isInteger(kills) || !Number.isInteger(seed) || !/^(s3|folder)$/.test(lake))
    throw new Error(usage)
  return { kills, seed, openLake: lake === "s3" ? bucketLake : folderLake }
}

/** Small, so that large transactions and those that stay open are decoded from files, as on a busy server. */
const serverSettings = { logical_decoding_work_mem: "1MB" }

/** Answers the process's exit code. */
export const main = async (args: ReadonlyArray<string>, program: string): Promise<number> => {
  const { kills, seed, openLake } = options(args)
  console.log(`seed ${seed}, ${kills} kills`)
  const scratch = await mkdtemp(join(tmpdir(), "chaos-"))
  await mkdir(join(scratch, "lake"))
  const lake = openLake(scratch)
  const run = await Effect.runPromise(
    start({ settings: serverSettings }).pipe(
      Effect.flatMap((server) =>
        Effect.promise(() => chaos({ kills, seed, program, server, lake, scratch })),
      ),
      Effect.scoped,
    ),
  )
  printReport(run)
  if (!isGood(run)) {
    console.log(`The lake is left in ${scratch}`)
    return 1
  }
  await lake.remove()
  await rm(scratch, { recursive: true, force: true })
  return 0
}
