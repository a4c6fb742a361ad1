/** Where a run stands: one line that is written over on a terminal, and a line now and then elsewhere. */
import type { Round } from "./plan.ts"
import type { Tally } from "./Tally.ts"

const lineEveryMillis = 30_000

const clock = (millis: number): string => {
  const seconds = Math.round(millis / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
}

/** `each`: every round by itself, as what was planned and how long it took. */
export const showProgress = (rounds: number, tally: Tally, held: () => number, each: boolean) => {
  const began = performance.now()
  let lastLine = began
  let told = 0
  const line = () => {
    const passed = performance.now() - began
    const left =
      tally.rounds === 0 ? "" : `, about ${clock((passed / tally.rounds) * (rounds - tally.rounds))} left`
    const frozen = [...tally.frozen.values()].reduce((sum, counts) => sum + counts.frozen, 0)
    const sessions = [...tally.sessions.values()].reduce((sum, count) => sum + count, 0)
    return `round ${tally.rounds} of ${rounds}: ${tally.kills} kills, ${held()} requests held, ${frozen} freezes, ${sessions} sessions lost; ${clock(passed)}${left}`
  }
  return {
    round: (round: Round, millis: number) => {
      if (each) return console.log(`${tally.rounds} ${Math.round(millis)} ms ${JSON.stringify(round)}`)
      if (process.stdout.isTTY) return void process.stdout.write(`\r${line()}\x1b[K`)
      if (performance.now() - lastLine < lineEveryMillis) return
      lastLine = performance.now()
      console.log(line())
    },
    /** Each once, as soon as it is known. */
    wrong: (all: ReadonlyArray<string>) => {
      for (const what of all.slice(told)) console.log(`\n! ${what}`)
      told = all.length
    },
    /** What is done after the rounds, each a line of its own. */
    says: (what: string) => console.log(`${process.stdout.isTTY ? `\r${line()}\x1b[K\n` : ""}${what}`),
  }
}
