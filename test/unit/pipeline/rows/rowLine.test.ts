/** What makes a line of the slot no row, whatever its length. */
import { assert, describe, it } from "@effect/vitest"
import { refusalOf } from "../../../../src/cdc/rows/RowLine.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"
import { longLineBytes } from "../../../../src/core/slot/LongLine.ts"
import { SlotLine } from "../../../../src/core/slot/SlotLine.ts"
import { RowTokenizer } from "../../../../src/core/slot/tokens/RowTokenizer.ts"
import { unprojected } from "../../../../src/core/slot/tokens/TableMemo.ts"

/** Why it cannot be read; undefined where it can. */
const refusal = (text: string) => {
  const line = SlotLine.of(Lsn.zero, 2, text)
  const tokens = new RowTokenizer(unprojected)
  return tokens.read(line) ? undefined : refusalOf(line, tokens)
}
const rowWith = (value: string) => `table public.t: INSERT: id[integer]:1 v[text]:'${value}'`

describe("a line with a zero byte", () => {
  const lengths = [
    ["short", 0],
    ["long", longLineBytes],
  ] as const
  for (const [what, padding] of lengths) {
    it(`is refused where it is ${what}, for PostgreSQL holds no such value`, () => {
      const pad = "x".repeat(padding)
      assert.isUndefined(refusal(rowWith(pad)))
      for (const text of [rowWith(`${pad}\0`), `${rowWith(pad)} b[bit]:B'\x000\x00'`]) {
        assert.include(refusal(text)?.message, "a zero byte, which no value holds")
      }
    })
  }
})
