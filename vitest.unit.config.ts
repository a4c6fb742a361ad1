import "./vitest.node20.ts"
import { defineConfig } from "vitest/config"

/**
 * `npm run test:unit`: what needs no server, no build and no patience, for every few minutes of work. `npm test` runs the
 * rest: drawn cases by the hundred, the comparing engine, real folders and real time. Files share the modules that they
 * import, which are most of the time otherwise.
 */
export default defineConfig({
  test: {
    include: [
      "test/unit/**/*.test.ts",
      "test/contract/Memory*.test.ts",
      "test/contract/WatermarkStore.test.ts",
    ],
    exclude: [
      "test/unit/**/*.{property,fault}.test.ts",
      "test/unit/pipeline/verify/**",
      "test/unit/layers/duckdb/**",
      "test/unit/layers/s3/PartMemory.test.ts",
      "test/unit/tools/fuzz.test.ts",
    ],
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
