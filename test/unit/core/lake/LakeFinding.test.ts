import { assert, describe, it } from "@effect/vitest"
import { printFinding, printKey } from "../../../../src/core/lake/LakeFinding.ts"

describe("printFinding", () => {
  it("names the key and the columns", () => {
    const key = [["id", "8"]] as const
    assert.strictEqual(
      printFinding("clientes", { kind: "different", key, columns: ["nome", "Saldo"] }),
      'clientes  different  id=8  in nome, "Saldo"',
    )
  })

  it("prints keys of several columns so that they can be told apart, and no sign that a terminal obeys", () => {
    const key = [
      ['a "b"', "x y"],
      ["c", ""],
      ["d", null],
      ["e", "\u001b[2J\u009b\n"],
    ] as const
    assert.strictEqual(printKey(key), '"a ""b"""="x y" c="" d=NULL e="\\u001b[2J\\u009b\\n"')
  })
})
