import { assert, describe, it } from "@effect/vitest"
import { copyBinaryReader } from "../../../../layers/postgres/protocol/CopyBinary.ts"

const field = (text: string | null) => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(text === null ? -1 : Buffer.byteLength(text))
  return text === null ? length : Buffer.concat([length, Buffer.from(text)])
}
const row = (...fields: ReadonlyArray<string | null>) =>
  Buffer.concat([Buffer.from([0, fields.length]), ...fields.map(field)])
const header = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)])
const trailer = Buffer.from([0xff, 0xff])

const rows = [["a", null, ""], ["\\\n\t", "ç".repeat(40_000), "b"], ["x", null, "y".repeat(70_000)], []]
const answer = Buffer.concat([header, ...rows.map((fields) => row(...fields)), trailer])

/** The rows that are read from chunks of `size` bytes, those with a last field of more than `longest` put together again. */
const readIn = (size: number, longest: number, largest: { bytes: number } = { bytes: 0 }) => {
  const read: Array<ReadonlyArray<string | null>> = []
  const fields = (bytes: Buffer, bounds: ReadonlyArray<number>, count: number) =>
    Array.from({ length: count }, (_, n) =>
      bounds[2 * n] === -1 ? null : bytes.toString("utf8", bounds[2 * n], bounds[2 * n + 1]),
    )
  let long: { readonly before: ReadonlyArray<string | null>; readonly parts: Array<Buffer> } | undefined
  const reader = copyBinaryReader(
    (bytes, bounds) => read.push(fields(bytes, bounds, bounds.length / 2)),
    {
      begin: (bytes, bounds) => {
        long = { before: fields(bytes, bounds, bounds.length / 2 - 1), parts: [] }
      },
      part: (bytes, isLast) => {
        long?.parts.push(bytes)
        largest.bytes = Math.max(largest.bytes, bytes.length)
        if (isLast && long) read.push([...long.before, Buffer.concat(long.parts).toString()])
      },
    },
    longest,
  )
  for (let at = 0; at < answer.length; at += size) reader.push(answer.subarray(at, at + size))
  return { read, ended: reader.ended() }
}

describe("binary COPY", () => {
  it("gives the same rows wherever the chunks are cut, and whatever is returned in parts", () => {
    for (const longest of [0, 1, 100, 1_000_000]) {
      for (const size of [1, 3, 18, 19, 20, 65_536, answer.length]) {
        const { read, ended } = readIn(size, longest)
        assert.deepStrictEqual(read, rows, `chunks of ${size}, in parts over ${longest}`)
        assert.isTrue(ended)
      }
    }
  })

  it("returns a long last field in parts that are no longer than the chunks", () => {
    const largest = { bytes: 0 }
    readIn(1000, 50_000, largest)
    assert.strictEqual(largest.bytes, 1000)
  })

  it("does not take an answer for whole that ends before its end marker", () => {
    const reader = copyBinaryReader(() => {}, { begin: () => {}, part: () => {} }, 1_000_000)
    reader.push(answer.subarray(0, answer.length - 2))
    assert.isFalse(reader.ended())
  })
})
