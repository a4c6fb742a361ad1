/** Columns are dropped and hashed in one place for `full` and in one for `inc`: no other road leads around them. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"

const root = fileURLToPath(new URL("../../../", import.meta.url))

const filesWith = (folder: string, pattern: RegExp): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((file) => pattern.test(readFileSync(join(root, file), "utf8")))
    .sort()

describe("rows of a table", () => {
  it("are copied by the projected copy alone", () => {
    assert.deepStrictEqual(filesWith("src", /\bsnapshot\.copy\(/), ["src/columns/ProjectedCopy.ts"])
    assert.deepStrictEqual(filesWith("src", /\bcopy: tableCopies|\{ copy \}/), [])
  })

  it("are read from the slot without a projection only where no value goes on", () => {
    assert.deepStrictEqual(filesWith("src", /new RowTokenizer\(/), [
      "src/cdc/rows/ColumnsAhead.ts",
      "src/cdc/rows/IncObjects.ts",
      "src/cdc/start/History.ts",
      "src/core/slot/TestDecoding.ts",
    ])
    assert.deepStrictEqual(filesWith("src", /RowTokenizer\(unprojected\)/), [
      "src/cdc/start/History.ts",
      "src/core/slot/TestDecoding.ts",
    ])
    // What decodes a line to a change for people and tests.
    assert.deepStrictEqual(filesWith("src", /\bdecodeChange\(/), ["src/core/slot/TestDecoding.ts"])
  })
})
