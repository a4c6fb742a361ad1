import "./vitest.node20.ts"
import { defineConfig } from "vitest/config"

/** `npm run test:pooler`: the suite that needs PgBouncer on this machine. */
export default defineConfig({
  test: { include: ["test/pooler/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 60_000 },
})
