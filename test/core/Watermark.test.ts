import { assert, describe, it } from "@effect/vitest"
import { Option, Result } from "effect"
import * as Lsn from "../../src/core/Lsn.ts"
import * as Watermark from "../../src/core/Watermark.ts"

const whole: Watermark.Watermark = {
  position: Lsn.Lsn.make(0x16b3748n),
  slot: Option.some("data_sync_slot"),
  database: Option.some("loja = a"),
  systemIdentifier: Option.some("7423642870011110000"),
  layout: Option.some("datasets"),
  writtenAt: Option.some("2025-11-03T10:15:40.123Z"),
  objects: new Map([["clientes", "inc/clientes/date=20251103/cdc_20251103_101540.csv"]]),
}
const why = (text: string) => Result.getOrThrow(Result.flip(Watermark.parse(text)))

describe("the watermark", () => {
  it("begins with the plain position, as PostgreSQL prints it", () => {
    assert.isTrue(Watermark.print(whole).startsWith("0/16B3748\nslot=data_sync_slot\n"))
  })

  it("is read back as it was written", () => {
    assert.deepStrictEqual(Watermark.parse(Watermark.print(whole)), Result.succeed(whole))
  })

  it("is whole with its first line alone, with or without a line end", () => {
    for (const text of ["0/16B3748", "0/16B3748\n", "0/16B3748\r\n"]) {
      const read = Result.getOrThrow(Watermark.parse(text))
      assert.strictEqual(read.position, whole.position)
      assert.isTrue(Option.isNone(read.slot))
    }
  })

  it("passes over keys of later versions", () => {
    assert.deepStrictEqual(Watermark.parse(`${Watermark.print(whole)}checksum=1\n`), Result.succeed(whole))
  })

  it("is refused when it is cut anywhere behind its first line", () => {
    const text = Watermark.print(whole)
    for (let end = text.indexOf("\n") + 2; end < text.length; end++) {
      assert.isTrue(
        Result.isFailure(Watermark.parse(text.slice(0, end))) || text[end - 1] === "\n",
        `cut at ${end}`,
      )
    }
  })

  it("is refused when it is empty or something else", () => {
    assert.include(why(""), "line 1")
    assert.include(why("hello"), "line 1")
    assert.include(why("0/0\nslot\n"), "line 2")
    assert.include(why("0/0\nlayout=triple\n"), "layout")
  })
})
