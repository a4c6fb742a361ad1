import { fenceRules, long, suite } from "./vitest.suite.ts"

/**
 * `npm run test:unit`: what needs no server, no build and no patience, for every few minutes of work. `npm test` runs the
 * rest: drawn cases by the hundred, DuckDB, real folders and real time.
 */
export default suite({
  include: [
    "test/unit/**/*.test.ts",
    "test/contract/**/Memory*.test.ts",
    "test/contract/WatermarkStore.test.ts",
  ],
  exclude: [
    ...long,
    fenceRules,
    "test/unit/**/*.{property,fault}.test.ts",
    "test/unit/layers/duckdb/**",
    "test/unit/tools/fuzz.test.ts",
  ],
  timeout: 60_000,
})
