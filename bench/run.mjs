/** `npm run bench -- full|cdc|idle|latency|impact` */
import { join } from "node:path"
import { root, runBundled } from "../test/support/bundled.mjs"

process.exitCode = await runBundled(
  "bench/main.ts",
  ({ main }) => main(process.argv.slice(2), join(root, "bench", "results")),
  ["bench/usageAtExit.cjs"],
)
