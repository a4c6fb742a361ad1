import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { parseSections, shopSections } from "../../../../src/core/source/SqlSections.ts"

const parseShop = (text: string) => parseSections(text, shopSections)
const whole = ["schema", "rows", "publication", "slot", "changes"]
const write = (names: ReadonlyArray<string>): string =>
  `SET before;\n${names.map((name) => `-- @section ${name}\nSELECT '${name}';\n`).join("")}`

describe("sections of a SQL file", () => {
  it("gives each section what stands between its marker and the next", () => {
    assert.deepStrictEqual(
      parseShop(write(whole)),
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
    assert.deepStrictEqual(parseShop(write(whole).replaceAll("\n", "\r\n")), parseShop(write(whole)))
  })

  it("takes a marker for one only at the beginning of a line", () => {
    const text = write(whole).replace("SELECT 'rows';", "SELECT 'rows'; -- @section slot")
    assert.strictEqual(Result.getOrThrow(parseShop(text)).rows, "SELECT 'rows'; -- @section slot")
  })

  it("names the sections that are missing", () => {
    assert.deepStrictEqual(
      parseShop(write(["schema", "rows", "changes"])),
      Result.fail('the section "publication", "slot" is missing or empty'),
    )
  })

  it("refuses a section that stands twice", () => {
    assert.deepStrictEqual(
      parseShop(write([...whole, "rows"])),
      Result.fail('the section "rows" is there twice'),
    )
  })

  it("reads the script that the demo runs", () => {
    const text = readFileSync(new URL("../../../../query/demo_cdc_cliente_sync.sql", import.meta.url), "utf8")
    assert.isTrue(Result.isSuccess(parseShop(text)))
  })
})
