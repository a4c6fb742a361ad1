/** The long run: round after round until the time is over or one finds a difference, whose seed is told. */
import { parseArgs } from "node:util"
import { Effect } from "effect"
import type { EmbeddedOptions } from "../../layers/embedded/EmbeddedPostgres.ts"
import { TestPostgres } from "../../test/support/postgres/postgres.ts"
import { measureMemory } from "./memory.ts"
import { runRound } from "./round.ts"

const usage = "npm run test:oracle -- [--minutes 30] [--seed 42] [--size 60] [--postgres 18.4.0-beta.17]"

const options = (args: ReadonlyArray<string>) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "5" },
      seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
      size: { type: "string", default: "60" },
      memory: { type: "boolean", default: false },
      rows: { type: "string", default: "1000000" },
      only: { type: "string", default: "" },
    },
  })
  const [minutes, seed, size] = [Number(values.minutes), Number(values.seed), Number(values.size)]
  if (!(minutes >= 0) || !Number.isInteger(seed) || !Number.isInteger(size)) throw new Error(usage)
  return { minutes, seed, size, memory: values.memory, rows: Number(values.rows), only: values.only }
}

const rounds = Effect.fnUntraced(function* ({ minutes, seed, size }: ReturnType<typeof options>) {
  const startedAt = performance.now()
  const seconds = () => Math.round((performance.now() - startedAt) / 1000)
  let [done, changes, statements] = [0, 0, 0]
  const mistakes = new Map<string, number>()
  const tell = () =>
    console.log(`${done} rounds in ${seconds()} s: ${changes} changes by ${statements} statements`)
  while (done === 0 || seconds() < minutes * 60) {
    const round = yield* runRound(seed + done, size).pipe(
      Effect.tapCause(() => Effect.sync(() => console.log(`seed ${seed + done} ended early`))),
    )
    if (round.differences.length > 0) {
      console.log(
        `seed ${seed + done} differs (--seed ${seed + done} --size ${size} --minutes 0 runs it again):`,
      )
      for (const difference of round.differences.slice(0, 20)) console.log(`  ${difference}`)
      tell()
      return false
    }
    done++
    changes += round.changes
    statements += round.statements
    for (const [code, count] of round.mistakes) mistakes.set(code, (mistakes.get(code) ?? 0) + count)
    if (done % 20 === 0) tell()
  }
  tell()
  console.log("statements that the server refused:", Object.fromEntries(mistakes))
  return true
})

/** The process's exit code. `postgres` is the folder of another server than the installed one. */
export const main = async (args: ReadonlyArray<string>, postgres?: string): Promise<number> => {
  const chosen = options(args)
  if (!chosen.memory) console.log(`seed ${chosen.seed}, ${chosen.minutes} minutes`)
  const task = chosen.memory ? Effect.as(measureMemory(chosen.rows, chosen.only), true) : rounds(chosen)
  // Small, so that transactions go over the disk. PostgreSQL 18.4 crashes while it decodes some that do: there the default.
  const small = !chosen.memory && postgres === undefined
  const server: EmbeddedOptions = {
    ...(small ? { settings: { logical_decoding_work_mem: "64kB" } } : {}),
    ...(postgres === undefined ? {} : { package: postgres }),
  }
  const good = Effect.runPromise(Effect.provide(task, TestPostgres.layer(server)))
  return good.then(
    (isGood) => (isGood ? 0 : 1),
    (cause) => {
      console.error(cause)
      return 1
    },
  )
}
