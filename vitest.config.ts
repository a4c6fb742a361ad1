import { elsewhere, fenceRules, long, suite } from "./vitest.suite.ts"

/** `npm test`: everything that needs nothing but Node, and is done in minutes. */
export default suite({
  include: ["test/**/*.test.ts"],
  exclude: [...elsewhere, ...long, fenceRules],
  // Of a machine that does much else. A timeout is no assertion: it ends what hangs.
  timeout: 120_000,
})
