import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { parseDemoScript } from "../../src/core/DemoScript.ts"

const whole = ["schema", "rows", "publication", "slot", "changes"]
const write = (names: ReadonlyArray<string>): string =>
  `SET before;\n${names.map((name) => `-- @section ${name}\nSELECT '${name}';\n`).join("")}`

describe("DemoScript", () => {
  it("gives each section what stands between its marker and the next", () => {
    assert.deepStrictEqual(
      parseDemoScript(write(whole)),
      Result.succeed({
        schema: "SELECT 'schema';",
        rows: "SELECT 'rows';",
        publication: "SELECT 'publication';",
        slot: "SELECT 'slot';",
        changes: "SELECT 'changes';",
      }),
    )
  })

  it("reads a file with Windows line ends alike", () => {
    assert.deepStrictEqual(
      parseDemoScript(write(whole).replaceAll("\n", "\r\n")),
      parseDemoScript(write(whole)),
    )
  })

  it("takes a marker for one only at the beginning of a line", () => {
    const text = write(whole).replace("SELECT 'rows';", "SELECT 'rows'; -- @section slot")
    assert.strictEqual(Result.getOrThrow(parseDemoScript(text)).rows, "SELECT 'rows'; -- @section slot")
  })

  it("names the sections that are missing", () => {
    assert.deepStrictEqual(
      parseDemoScript(write(["schema", "rows", "changes"])),
      Result.fail('the section "publication", "slot" is missing or empty'),
    )
  })

  it("refuses a section that stands twice", () => {
    assert.deepStrictEqual(
      parseDemoScript(write([...whole, "rows"])),
      Result.fail('the section "rows" stands twice'),
    )
  })

  it("reads the script that the demo runs", () => {
    const text = readFileSync(new URL("../../query/demo_cdc_cliente_sync.sql", import.meta.url), "utf8")
    assert.isTrue(Result.isSuccess(parseDemoScript(text)))
  })
})
