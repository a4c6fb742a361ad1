import { assert, describe, it } from "@effect/vitest"
import { copyBinaryReader } from "../../layers/CopyBinary.ts"

const field = (text: string | null) => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(text === null ? -1 : Buffer.byteLength(text))
  return text === null ? length : Buffer.concat([length, Buffer.from(text)])
}
const row = (...fields: ReadonlyArray<string | null>) =>
  Buffer.concat([Buffer.from([0, fields.length]), ...fields.map(field)])
const header = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)])
const trailer = Buffer.from([0xff, 0xff])

const rows = [["a", null, ""], ["\\\n\t", "ç".repeat(40_000), "b"], []]
const answer = Buffer.concat([header, ...rows.map((fields) => row(...fields)), trailer])

describe("binary COPY", () => {
  it("gives the same rows wherever the chunks are cut", () => {
    for (const size of [1, 3, 18, 19, 20, 65_536, answer.length]) {
      const read: Array<ReadonlyArray<string | null>> = []
      const reader = copyBinaryReader((bytes, bounds) => {
        const text = (n: number) =>
          bounds[n] === -1 ? null : bytes.toString("utf8", bounds[n], bounds[n + 1])
        read.push(bounds.flatMap((_, n) => (n % 2 === 0 ? [text(n)] : [])))
      })
      for (let at = 0; at < answer.length; at += size) reader.push(answer.subarray(at, at + size))
      assert.deepStrictEqual(read, rows, `chunks of ${size}`)
      assert.isTrue(reader.ended())
    }
  })

  it("does not take an answer for whole that ends before its end marker", () => {
    const reader = copyBinaryReader(() => {})
    reader.push(answer.subarray(0, answer.length - 2))
    assert.isFalse(reader.ended())
  })
})
