/** `npm run test:oracle -- --minutes 30 [--seed N] [--postgres 18.4.0-beta.17]` */
import { runBundled } from "../kit/bundled.mjs"
import { installPostgres } from "../kit/otherPostgres.mjs"

const args = process.argv.slice(2)
const at = args.indexOf("--postgres")
const [, version] = at === -1 ? [] : args.splice(at, 2)
const other = version === undefined ? undefined : await installPostgres(version)
try {
  process.exitCode = await runBundled("tools/oracle/main.ts", ({ main }) => main(args, other?.folder))
} finally {
  await other?.remove()
}
