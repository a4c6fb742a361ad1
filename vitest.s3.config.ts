import { suite } from "./vitest.suite.ts"

/** `npm run test:s3`: the suites that need an S3 server; its endpoint and keys come from the environment. */
export default suite({ include: ["test/s3/**/*.test.ts"], timeout: 120_000 })
