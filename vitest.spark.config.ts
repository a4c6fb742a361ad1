import "./vitest.node20.ts"
import { defineConfig } from "vitest/config"

/** `npm run test:spark`: the suite that needs Java and a `python3` with pyspark. Spark takes its time to start. */
export default defineConfig({
  test: { include: ["test/spark/**/*.test.ts"], testTimeout: 300_000, hookTimeout: 60_000 },
})
