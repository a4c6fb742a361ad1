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
import { Effect } from "effect"
import { start } from "../../layers/embedded/EmbeddedPostgres.ts"
import { minutes, names, present, seed, type Values, whole } from "../kit/Arguments.ts"
import { runInterruptibly, tool } from "../kit/Tool.ts"
import { chaos } from "./chaos.ts"
import { openLake } from "./lake/Lake.ts"
import { commandOf, isGood, printReport } from "./report.ts"
import { changeKinds } from "./source/definitions.ts"
import { acts } from "./strike/strikes.ts"

/** A run keeps all its WAL for the witness: more kills than these are several runs, each with the next seed. */
const killsPerRun = 2000

const flags = {
  kills: whole(25),
  minutes: minutes(Number.POSITIVE_INFINITY),
  seed: seed(),
  lake: names(["s3", "folder"], ["s3"]),
  only: names(acts),
  pooler: present,
  without: names(changeKinds, []),
  rounds: present,
}

/** Small, so that large transactions and those that stay open are decoded from files, as on a busy server. */
const serverSettings = { logical_decoding_work_mem: "1MB" }

/** True where the lake held what it must. */
const runOnce = async ({ lake: kind, ...run }: Values<typeof flags>, program: string): Promise<boolean> => {
  const scratch = await mkdtemp(join(tmpdir(), "chaos-"))
  await mkdir(join(scratch, "lake"))
  const lake = openLake(kind.includes("folder") ? "folder" : "s3", scratch)
  console.log(commandOf({ ...run, lake }))
  const printSeed = () => console.log(`\nbroken off. To repeat: ${commandOf({ ...run, lake })}`)
  process.once("exit", printSeed)
  const done = await runInterruptibly(
    start({ settings: serverSettings }).pipe(
      Effect.flatMap((server) => Effect.promise(() => chaos({ ...run, program, server, lake, scratch }))),
      Effect.scoped,
    ),
  )
  process.off("exit", printSeed)
  printReport(done)
  if (!isGood(done)) {
    console.log(`The lake is left in ${scratch}`)
    return false
  }
  await lake.remove()
  await rm(scratch, { recursive: true, force: true })
  return true
}

export const main = tool({
  usage: `npm run test:chaos -- [--kills 25] [--minutes 60] [--seed 42] [--lake s3|folder] [--only ${acts.join()}] [--pooler] [--without "drop table,masks"] [--rounds]`,
  flags,
  run: async (asked, { program }) => {
    for (let done = 0; done < asked.kills; done += killsPerRun) {
      const kills = Math.min(killsPerRun, asked.kills - done)
      if (!(await runOnce({ ...asked, kills, seed: asked.seed + done / killsPerRun }, program))) return false
    }
    return true
  },
})
