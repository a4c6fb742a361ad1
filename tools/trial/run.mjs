/** `npm run trial`: does what docs/trial.md tells, and writes it anew. */
import { join } from "node:path"
import { root, runBundled } from "../kit/bundled.mjs"

process.exitCode = await runBundled("tools/trial/main.ts", ({ main }) => main(join(root, "docs", "trial.md")))
