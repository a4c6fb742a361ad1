import { assert, describe, it } from "@effect/vitest"
import { Option, Result } from "effect"
import { parseService } from "../../../../src/core/source/ServiceFile.ts"

const why = (text: string) => Result.getOrThrow(Result.flip(parseService(text, "loja")))

describe("a service file", () => {
  it("defines a service between its heading and the next", () => {
    const text = "[a]\nhost=no\n  [loja]  \r\n# c\n\n host=db \nhost=later\n[b]\nport=1\n"
    assert.deepStrictEqual(
      Result.getOrThrow(parseService(text, "loja")),
      Option.some(new Map([["host", "db"]])),
    )
  })

  it("does not define a service whose name only begins like it", () => {
    assert.deepStrictEqual(Result.getOrThrow(parseService("[loja2]\nhost=x\n", "loja")), Option.none())
  })

  it("is refused by line, without a value", () => {
    assert.include(why("[loja]\nhost=x\npassword geheim\n"), "line 3: it is not keyword=value")
    assert.include(why("[loja]\nservice=x\n"), "a service cannot name another service")
    assert.include(why("[loja]\nsslcrl=geheim\n"), "sslcrl is not supported")
    assert.notMatch(why("[loja]\npassword geheim\n") + why("[loja]\nsslcrl=geheim\n"), /geheim/)
  })
})
