import { suite } from "./vitest.suite.ts"

/** `npm run test:postgres`: what depends on the server's version, against the server that `TEST_POSTGRES` names. */
export default suite({
  include: ["test/integration/**/*.integration.test.ts", "test/e2e/**/*.e2e.test.ts"],
  // The demo and these have the server that comes with the project.
  exclude: ["test/e2e/cli/demo.e2e.test.ts", "test/integration/embedded/**"],
  timeout: 60_000,
})
