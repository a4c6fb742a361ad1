/** `npm run test:oracle -- --minutes 30 [--seed N] [--postgres 18.4.0-beta.17]` */
import { runBundled } from "../support/bundled.mjs"
import { installPostgres } from "../support/otherPostgres.mjs"

const args = process.argv.slice(2)
const at = args.indexOf("--postgres")
const [, version] = at === -1 ? [] : args.splice(at, 2)
const other = version === undefined ? undefined : await installPostgres(version)
try {
  process.exitCode = await runBundled("test/oracle/main.ts", ({ main }) => main(args, other?.folder))
} finally {
  await other?.remove()
}
