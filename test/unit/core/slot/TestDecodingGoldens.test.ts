import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { fromBytes } from "../../../../src/core/bytes/Bytes.ts"
import { SlotText } from "../../../../src/core/slot/TestDecoding.ts"
import { readGoldens } from "../../../support/slot/goldenLines.ts"
import { goldenCases } from "../../../support/slot/testDecodingCases.ts"

const folder = new URL("../../../golden/test_decoding/", import.meta.url)
const expected = (name: string): unknown => JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"))
const goldens = readGoldens()

describe("what a real server printed", () => {
  it("has a golden for every case and a case for every golden", () => {
    // `messages.18`: the same case as a newer version prints it.
    const cases = new Set(goldens.map(({ name }) => name.replace(/\.\d+$/, "")))
    assert.deepStrictEqual([...cases].sort(), goldenCases.map(({ name }) => name).sort())
  })

  for (const { name, lines } of goldens) {
    it.effect(`is read as the reviewed changes: ${name}`, () =>
      Effect.gen(function* () {
        const changes = yield* Effect.forEach(lines, (line) => Schema.decodeEffect(SlotText)(line))
        assert.deepStrictEqual(JSON.parse(fromBytes(JSON.stringify(changes))), expected(name))
      }),
    )

    it.effect(`is printed back byte for byte: ${name}`, () =>
      Effect.gen(function* () {
        const changes = yield* Effect.forEach(lines, (line) => Schema.decodeEffect(SlotText)(line))
        const again = yield* Effect.forEach(changes, (change) => Schema.encodeEffect(SlotText)(change))
        assert.deepStrictEqual(again, lines)
      }),
    )
  }
})
