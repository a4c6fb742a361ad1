import { suite } from "./vitest.suite.ts"

/** `npm run test:spark`: the suite that needs Java and a `python3` with pyspark. Spark takes its time to start. */
export default suite({ include: ["test/spark/**/*.test.ts"], timeout: 300_000 })
