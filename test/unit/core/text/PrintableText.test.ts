import { assert, describe, it } from "@effect/vitest"
import { escapeUnprintable, printable } from "../../../../src/core/text/PrintableText.ts"

describe("Text that is printed", () => {
  it("stays as it is where nothing in it moves a terminal", () => {
    const text = 'GRANT SELECT ON "Minha ""loja"""."ação 表" TO "x\\y";'
    assert.strictEqual(printable(text), text)
  })

  it("has names with controls as SQL reads them, and other controls by their numbers", () => {
    assert.strictEqual(printable('"a\u001b[31m\\""\n"."t" \u0007'), 'U&"a\\001b[31m\\\\""\\000a"."t" \\u0007')
  })

  it("has every control escaped, also where quotes do not pair", () => {
    const controls = [...Array(0x20).keys(), 0x7f, 0x9b, 0x2028, 0x202e].map((code) =>
      String.fromCharCode(code),
    )
    for (const text of [controls.join(""), `"${controls.join("")}`, `"a" ${controls.join('"')}`]) {
      assert.match(printable(text), /^[ -~]*$/)
    }
  })

  it("is the same JSON as before", () => {
    const value = { name: "\u001b\u009b\u007f\u2028\n" }
    const escaped = escapeUnprintable(JSON.stringify(value))
    assert.match(escaped, /^[ -~]*$/)
    assert.deepStrictEqual(JSON.parse(escaped), value)
  })
})
