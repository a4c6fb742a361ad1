/**
 * Runs a tool: `node tools/run.mjs bench|chaos|docs|fuzz|oracle|pictures|postgres|trial [its flags]`. The npm scripts
 * build the program first. Each tool says its flags when it is given a wrong one.
 */
import { bundled } from "./kit/bundled.mjs"
import { withPostgres } from "./kit/otherPostgres.mjs"
import { suitesOnOtherPostgres } from "./postgres/suites.mjs"

/** Files beside `dist` and `query` that a tool reads at run time. */
const filesOf = {
  bench: ["tools/bench/world/usageAtExit.cjs"],
  chaos: [],
  docs: [],
  fuzz: ["test/golden"],
  oracle: [],
  pictures: [],
  trial: [],
}

const [name, ...args] = process.argv.slice(2)
if (name === "postgres") {
  process.exitCode = await suitesOnOtherPostgres(args)
} else if (name in filesOf) {
  process.exitCode = await withPostgres(args, (rest, postgres) =>
    bundled(`tools/${name}/main.ts`, filesOf[name], ({ main }, place) => main(rest, { ...place, postgres })),
  )
} else {
  console.error(`node tools/run.mjs ${[...Object.keys(filesOf), "postgres"].join("|")}`)
  process.exitCode = 1
}
// A tool that was interrupted may have left work behind that would keep the process alive.
if (process.exitCode === 130) process.exit()
