import "./vitest.node20.ts"
import { defineConfig } from "vitest/config"

/** `npm run test:s3`: the suites that need an S3 server; its endpoint and keys come from the environment. */
export default defineConfig({
  test: {
    include: ["test/s3/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
