import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { matchesName, type NamePattern, readNamePattern } from "../../../../src/core/tables/NamePattern.ts"

const pattern = (text: string): NamePattern => {
  const read = readNamePattern(text, 0)
  assert.isDefined(read, text)
  assert.strictEqual(read[1], text.length, text)
  return read[0]
}

/** `*` and `?` tried at each place: slow, and plainly right. */
const matchesSlowly = (wanted: ReadonlyArray<string>, name: ReadonlyArray<string>): boolean => {
  const [first, ...rest] = wanted
  if (first === undefined) return name.length === 0
  if (first === "*")
    return matchesSlowly(rest, name) || (name.length > 0 && matchesSlowly(wanted, name.slice(1)))
  return name.length > 0 && (first === "?" || first === name[0]) && matchesSlowly(rest, name.slice(1))
}

const letters = ["a", "b", "_", "ç", "é"] as const
const wanted = Arbitrary.array(Arbitrary.schema(Schema.Literals([...letters, "*", "?"])))
const characters = Arbitrary.array(Arbitrary.schema(Schema.Literals([...letters, "𝄞", "\n", "$", "."])))
const quoted = Arbitrary.schema(Schema.NonEmptyString)

describe("a pattern of a name", () => {
  it.prop(
    "matches what its wildcards can stand for, and nothing else",
    { wanted, characters },
    ({ wanted: parts, characters: name }) => {
      if (parts.length === 0) return
      assert.strictEqual(matchesName(pattern(parts.join("")), name.join("")), matchesSlowly(parts, name))
    },
  )

  it.prop("takes any characters in quotes for themselves", { quoted }, ({ quoted: name }) => {
    const read = pattern(`"${name.replaceAll('"', '""')}"`)
    assert.strictEqual(read.literal, name)
    assert.isTrue(matchesName(read, name))
    assert.isFalse(matchesName(read, `${name}x`))
  })

  it("folds capitals outside of quotes, and keeps them inside", () => {
    assert.isTrue(matchesName(pattern("TENANT_*"), "tenant_a"))
    assert.isTrue(matchesName(pattern('"Tenant_"*'), "Tenant_a"))
    assert.isFalse(matchesName(pattern('"Tenant_"*'), "tenant_a"))
  })

  it("has no wildcard where all of it is in quotes", () => {
    assert.strictEqual(pattern('"a*"').literal, "a*")
    assert.isUndefined(pattern("a*").literal)
  })

  it("is none where a digit begins it, or two names stand side by side", () => {
    assert.isUndefined(readNamePattern("2024_*", 0))
    assert.isUndefined(readNamePattern('a"b"', 0))
    assert.isDefined(readNamePattern("*2024", 0))
  })
})
