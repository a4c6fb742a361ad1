import "./vitest.node20.ts"
import { defineConfig } from "vitest/config"

/** `npm test`: everything that needs nothing but Node. What needs an S3 server or Spark has a configuration of its own. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/s3/**", "test/spark/**", "test/pooler/**"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
