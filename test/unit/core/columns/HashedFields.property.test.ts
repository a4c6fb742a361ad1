import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { HashedFields } from "../../../../src/core/columns/HashedFields.ts"
import { csvRow } from "../../../../src/core/csv/Csv.ts"
import { hashingUnder } from "../../../../src/settings/columns/KeyedHash.ts"
import { trapBytes } from "../../../support/slot/printableChanges.ts"
import { hashKey, hashOf } from "../../../support/slot/projectedChange.ts"

const value = Arbitrary.map(
  Arbitrary.all([trapBytes, Arbitrary.schema(Schema.Literals(["NULL", "text", "text", "long"]))]),
  ([text, kind]) =>
    kind === "NULL" ? null : kind === "long" ? `${text},"`.repeat(20_000).slice(0, 20_000) : text,
)

const table = Arbitrary.all({
  names: Arbitrary.array(trapBytes, { minLength: 1, maxLength: 4 }),
  isHashed: Arbitrary.array(Arbitrary.schema(Schema.Boolean), { minLength: 4, maxLength: 4 }),
  values: Arbitrary.array(value, { maxLength: 16 }),
  size: Arbitrary.schema(Schema.Literals([1, 2, 3, 7, 65_536])),
})

const hashed = (csv: string, isHashed: ReadonlyArray<boolean>, size: number): string => {
  const fields = new HashedFields(isHashed, hashingUnder(hashKey))
  const bytes = Buffer.from(csv, "latin1")
  const parts: Array<Uint8Array> = []
  for (let at = 0; at < bytes.length; at += size) parts.push(fields.push(bytes.subarray(at, at + size)))
  return Buffer.concat(parts).toString("latin1")
}

describe("the CSV of a table with hashed columns", () => {
  it.prop(
    "is that of the rows with hashes for their values, wherever its chunks are cut",
    [table],
    ([{ names, isHashed, values, size }]) => {
      const rows = Array.from({ length: Math.floor(values.length / names.length) }, (_, i) =>
        values.slice(i * names.length, (i + 1) * names.length),
      )
      const csv = [names, ...rows].map(csvRow).join("")
      const chunk = csv.length > 5000 ? Math.max(size, 997) : size
      const expected = [
        names,
        ...rows.map((row) => row.map((one, i) => (isHashed[i] && one !== null ? hashOf(one) : one))),
      ]
      const printed = expected.map(csvRow)
      assert.isTrue(hashed(csv, isHashed.slice(0, names.length), chunk) === printed.join(""))
    },
    { arbitrary: { runs: 600 } },
  )

  it("keeps NULL, and hashes the empty string", () => {
    assert.strictEqual(hashed('id,v\n1,\n2,""\n', [false, true], 3), `id,v\n1,\n2,${hashOf("")}\n`)
  })

  it("gives out what it has while a value is still coming, so that no value is in memory as a whole", () => {
    const fields = new HashedFields([false, true], hashingUnder(hashKey))
    const text = (chunk: string) => Buffer.from(fields.push(Buffer.from(chunk))).toString()
    assert.strictEqual(text('id,v\n1,"'), "id,v\n1,")
    for (let i = 0; i < 100; i++) assert.strictEqual(text("segredo ".repeat(1000)), "")
    assert.strictEqual(text('"\n2,'), `${hashOf("segredo ".repeat(100_000))}\n2,`)
  })
})
