import { suite } from "./vitest.suite.ts"

/** `npm run test:postgres`: what depends on the server's version, against the server that `TEST_POSTGRES` names. */
export default suite({
  include: ["test/integration/**/*.integration.test.ts", "test/e2e/**/*.e2e.test.ts"],
  exclude: [
    // These have the server that comes with the project.
    "test/e2e/cli/demo.e2e.test.ts",
    "test/integration/embedded/**",
    // What they test is the store, and the memory of many objects: the same with any server.
    "test/e2e/failure/unfencedStore.e2e.test.ts",
    "test/e2e/memory/manyDatasets.e2e.test.ts",
  ],
  // As in `npm run test:long`, which has some of these files.
  timeout: 120_000,
})
