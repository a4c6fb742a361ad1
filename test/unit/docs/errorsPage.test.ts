import { readFileSync } from "node:fs"
import { assert, it } from "@effect/vitest"
import { errorsPage } from "../../../tools/docs/errorsPage.ts"

it("docs/errors.md says what the tables say (`npm run docs` writes it anew)", () => {
  const written = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8")
  assert.strictEqual(written, errorsPage())
})
