/** The long run: round after round until the time is over or one finds a difference, whose seed it prints. */
import { Effect } from "effect"
import type { EmbeddedOptions } from "../../layers/embedded/EmbeddedPostgres.ts"
import { TestPostgres } from "../../test/support/postgres/postgres.ts"
import { minutes, present, seed, text, whole } from "../kit/Arguments.ts"
import { showProgress } from "../kit/Progress.ts"
import { runInterruptibly, tool } from "../kit/Tool.ts"
import { measureMemory } from "./memory.ts"
import { runRound } from "./round.ts"

interface Asked {
  readonly minutes: number
  readonly seed: number
  /** Statements of one part of a round. */
  readonly size: number
}

const rounds = Effect.fnUntraced(function* ({ minutes, seed, size }: Asked) {
  const startedAt = performance.now()
  const seconds = () => Math.round((performance.now() - startedAt) / 1000)
  let [done, changes, statements] = [0, 0, 0]
  const mistakes = new Map<string, number>()
  const total = () => `${done} rounds in ${seconds()} s: ${changes} changes by ${statements} statements`
  const progress = showProgress(total)
  while (done === 0 || seconds() < minutes * 60) {
    const round = yield* runRound(seed + done, size).pipe(
      Effect.tapCause(() => Effect.sync(() => console.log(`seed ${seed + done} ended early`))),
    )
    if (round.differences.length > 0) {
      progress.says(
        `seed ${seed + done} differs (--seed ${seed + done} --size ${size} --minutes 0 runs it again):`,
      )
      for (const difference of round.differences.slice(0, 20)) console.log(`  ${difference}`)
      console.log(total())
      return false
    }
    done++
    changes += round.changes
    statements += round.statements
    for (const [code, count] of round.mistakes) mistakes.set(code, (mistakes.get(code) ?? 0) + count)
    progress.moves()
  }
  progress.says(total())
  console.log("statements that the server refused:", Object.fromEntries(mistakes))
  return true
})

export const main = tool({
  usage:
    "npm run test:oracle -- [--minutes 30] [--seed 42] [--size 60] [--postgres 18.4.0-beta.17] [--memory [--rows 1000000] [--only PART]]",
  flags: {
    minutes: minutes(5, 0),
    seed: seed(),
    size: whole(60),
    memory: present,
    rows: whole(1_000_000),
    only: text(),
  },
  run: (asked, { postgres }) => {
    if (!asked.memory) console.log(`seed ${asked.seed}, ${asked.minutes} minutes`)
    const task = asked.memory ? Effect.as(measureMemory(asked.rows, asked.only), true) : rounds(asked)
    // Small, so that transactions go over the disk. PostgreSQL 18.4 crashes while it decodes some that do: there the default.
    const small = !asked.memory && postgres === undefined
    const server: EmbeddedOptions = {
      ...(small ? { settings: { logical_decoding_work_mem: "64kB" } } : {}),
      ...(postgres === undefined ? {} : { package: postgres }),
    }
    return runInterruptibly(Effect.provide(task, TestPostgres.layer(server)))
  },
})
