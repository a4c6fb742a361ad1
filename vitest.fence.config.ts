import { fenceRules, suite } from "./vitest.suite.ts"

/**
 * `npm run test:fence`: random histories of the fence, as many as `FENCE_HISTORIES` says, and for each of its rules the
 * search for one that goes wrong without it. Both take as long as they take.
 */
export default suite({
  include: ["test/unit/pipeline/fence/fence.property.test.ts", fenceRules],
  timeout: 0,
})
