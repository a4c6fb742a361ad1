/** `npm run test:chaos -- --kills 25 --seed 42 --lake s3` */
import { join } from "node:path"
import { runBundled } from "../kit/bundled.mjs"

process.exitCode = await runBundled("tools/chaos/main.ts", ({ main }, folder) =>
  main(process.argv.slice(2), join(folder, "dist", "main.js")),
)
