import { suite } from "./vitest.suite.ts"

/** `npm run test:pooler`: the suite that needs PgBouncer on this machine. */
export default suite({ include: ["test/pooler/**/*.test.ts"], timeout: 120_000 })
