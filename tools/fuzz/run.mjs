/** `npm run test:fuzz -- --lines 100000000 --files 10000000 [--seed N] [--minutes 10]`, of each kind as many or for so long */
import { runBundled } from "../kit/bundled.mjs"

process.exitCode = await runBundled("tools/fuzz/main.ts", ({ main }) => main(process.argv.slice(2)), [
  "test/golden",
])
