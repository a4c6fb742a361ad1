/** The long run: as many inputs as asked for, of each kind or for so long. Ends with 1 where it found something, which it prints. */
import { minutes, seed, whole } from "../kit/Arguments.ts"
import { tool } from "../kit/Tool.ts"
import { fuzzFiles, fuzzLines, type Run, type Tally } from "./Fuzz.ts"
import { watch } from "./Watchdog.ts"

const report = (what: string, run: (run: Run) => Tally, asked: Run): boolean => {
  const dog = watch(`${what} of seed ${asked.seed}`)
  const begin = performance.now()
  const { inputs, accepted, known, slowest, findings } = run({ ...asked, begins: dog.begins })
  const seconds = (performance.now() - begin) / 1000
  dog.stop()
  const share = `${accepted} accepted${known > 0 ? `, ${known} of known columns` : ""}`
  console.log(
    `${inputs} ${what} in ${seconds.toFixed(1)} s (${Math.round(inputs / seconds)} a second): ${share}; ` +
      `the slowest took ${slowest.toFixed(1)} ms; ${findings.length} findings`,
  )
  for (const { number, problem, input } of findings) {
    const shown = JSON.stringify(input.length > 2000 ? `${input.slice(0, 2000)}…` : input)
    console.log(`  ${what} ${number}: ${problem}: ${shown}`)
  }
  return findings.length === 0
}

export const main = tool({
  usage: "npm run test:fuzz -- [--lines 1000000] [--files 100000] [--seed 42] [--minutes 10]",
  flags: {
    lines: whole(1_000_000),
    files: whole(100_000),
    seed: seed(),
    minutes: minutes(Number.POSITIVE_INFINITY),
  },
  run: async ({ lines, files, seed, minutes }) => {
    console.log(`seed ${seed}`)
    const isGood = [
      report("lines", fuzzLines, { count: lines, seed, minutes }),
      report("files", fuzzFiles, { count: files, seed, minutes }),
    ]
    return isGood.every(Boolean)
  },
})
