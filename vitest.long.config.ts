import { long, suite } from "./vitest.suite.ts"

/** `npm run test:long`: what needs nothing but Node and takes longer than `npm test` should. */
export default suite({ include: long, timeout: 120_000 })
