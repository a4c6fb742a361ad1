/** Where a run of rounds stands, and what went wrong in it. */
import { clock, showProgress } from "../kit/Progress.ts"
import type { Round } from "./plan.ts"
import type { Tally } from "./Tally.ts"

/** `each`: every round by itself, as what was planned and how long it took. */
export const showRounds = (rounds: number, tally: Tally, held: () => number, each: boolean) => {
  const began = performance.now()
  let told = 0
  const line = () => {
    const passed = performance.now() - began
    const left =
      tally.rounds === 0 ? "" : `, about ${clock((passed / tally.rounds) * (rounds - tally.rounds))} left`
    const frozen = [...tally.frozen.values()].reduce((sum, counts) => sum + counts.frozen, 0)
    const sessions = [...tally.sessions.values()].reduce((sum, count) => sum + count, 0)
    return `round ${tally.rounds} of ${rounds}: ${tally.kills} kills, ${held()} requests held, ${frozen} freezes, ${sessions} sessions lost; ${clock(passed)}${left}`
  }
  const progress = showProgress(line)
  return {
    round: (round: Round, millis: number) => {
      if (each) return console.log(`${tally.rounds} ${Math.round(millis)} ms ${JSON.stringify(round)}`)
      progress.moves()
    },
    /** Each once, as soon as it is known. */
    wrong: (all: ReadonlyArray<string>) => {
      for (const what of all.slice(told)) console.log(`\n! ${what}`)
      told = all.length
    },
    /** What is done after the rounds, each a line of its own. */
    says: progress.says,
  }
}
