/** The long run: as many inputs as asked for. Ends with 1 where it found something, which it prints. */
import { parseArgs } from "node:util"
import { fuzzFiles, fuzzLines, type Run, type Tally } from "./Fuzz.ts"
import { watch } from "./Watchdog.ts"

const usage = "npm run test:fuzz -- [--lines 1000000] [--files 100000] [--seed 42] [--minutes 10]"

const options = (args: ReadonlyArray<string>) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      lines: { type: "string", default: "1000000" },
      files: { type: "string", default: "100000" },
      minutes: { type: "string", default: "Infinity" },
      seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
    },
  })
  const [lines, files, seed] = [Number(values.lines), Number(values.files), Number(values.seed)]
  if (![lines, files, seed].every((value) => Number.isSafeInteger(value) && value >= 0))
    throw new Error(usage)
  const minutes = Number(values.minutes)
  if (!(minutes > 0)) throw new Error(usage)
  return { lines, files, seed, minutes }
}

const report = (what: string, run: (run: Run) => Tally, asked: Run): boolean => {
  const dog = watch(`${what} of seed ${asked.seed}`)
  const begin = performance.now()
  const { inputs, accepted, fast, slowest, findings } = run({ ...asked, begins: dog.begins })
  const seconds = (performance.now() - begin) / 1000
  dog.stop()
  const share = `${accepted} accepted${fast > 0 ? `, ${fast} by the fast way too` : ""}`
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

/** The process's exit code. */
export const main = (args: ReadonlyArray<string>): number => {
  const { lines, files, seed, minutes } = options(args)
  console.log(`seed ${seed}`)
  const isGood = [
    report("lines", fuzzLines, { count: lines, seed, minutes }),
    report("files", fuzzFiles, { count: files, seed, minutes }),
  ]
  return isGood.every(Boolean) ? 0 : 1
}
