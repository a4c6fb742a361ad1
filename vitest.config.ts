import "./vitest.node20.ts"
import { defineConfig } from "vitest/config"

/** `npm test`: everything that needs nothing but Node. The suites against an S3 server are in `vitest.s3.config.ts`. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/s3/**"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
