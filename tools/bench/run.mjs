/** `npm run bench -- full|cdc|idle|latency|impact` */
import { join } from "node:path"
import { root, runBundled } from "../kit/bundled.mjs"

process.exitCode = await runBundled(
  "tools/bench/main.ts",
  ({ main }) => main(process.argv.slice(2), join(root, "tools", "bench", "results")),
  ["tools/bench/world/usageAtExit.cjs"],
)
