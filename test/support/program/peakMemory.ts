/** How much memory the program takes at most, which Linux alone tells in this way. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import { temporaryFolder } from "../lake/lakeFolder.ts"

const status = "/proc/self/status"

/** Whether this system tells a peak. */
export const tellsPeak = existsSync(status)

/** Settings that let the program tell its peak when it ends, and what it told. In bytes. */
export const watched = Effect.map(temporaryFolder, (folder) => {
  const [script, told] = [join(folder, "tell.cjs"), join(folder, "status")]
  writeFileSync(
    script,
    `const { readFileSync, writeFileSync } = require("node:fs")
     process.on("exit", () => writeFileSync(${JSON.stringify(told)}, readFileSync("${status}")))`,
  )
  const peak = Effect.sync(
    () => Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(told, "utf8"))?.[1] ?? Number.NaN) * 1024,
  )
  return { settings: { NODE_OPTIONS: `--require ${script}` }, peak }
})
