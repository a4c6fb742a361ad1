import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { toBytes } from "../../../../src/core/bytes/Bytes.ts"
import type { Change } from "../../../../src/core/slot/Change.ts"
import type { MalformedText } from "../../../../src/core/slot/MalformedText.ts"
import { decodeChange, SlotText } from "../../../../src/core/slot/TestDecoding.ts"
import { RowTokenizer } from "../../../../src/core/slot/tokens/RowTokenizer.ts"
import { unprojected } from "../../../../src/core/slot/tokens/TableMemo.ts"

const decode = Schema.decodeEffect(SlotText)
const encode = Schema.encodeEffect(SlotText)

const failureOf = (text: string): MalformedText | undefined =>
  Result.getOrUndefined(Result.flip(decodeChange(text)))

const cell = (name: string, type: string, value: string | null | undefined) => ({ name, type, value })
const table = { schema: "public", name: "t" }

describe("decodeChange refuses", () => {
  const refused: ReadonlyArray<readonly [string, string, number]> = [
    ["an empty line", "", 0],
    ["an unknown word", "hello", 0],
    ["a streamed line", "opening a streamed block for transaction TXN 5", 0],
    ["a two-phase line", "COMMIT PREPARED 'x', txid 5", 7],
    ["a transaction id that is no number", "BEGIN x", 6],
    ["a transaction id with a leading zero", "BEGIN 0733", 6],
    ["a transaction id of more than 32 bits", "BEGIN 4294967296", 6],
    ["something after a transaction id", "BEGIN 733 ", 9],
    ["a commit time cut short", "COMMIT 733 (at 2025-11-03 10:15:30", 15],
    ["a commit time that is none", "COMMIT 733 (at noon)", 15],
    ["a table without a schema", "table t: INSERT:", 6],
    ["an upper-case name without quotes", "table public.T: INSERT:", 13],
    ["a name whose quotes are never closed", 'table public."t: INSERT:', 13],
    ["an empty name", 'table public."": INSERT:', 13],
    ["an unknown action", "table public.t: MERGE:", 15],
    ["an INSERT of two tables", "table public.t, public.u: INSERT:", 25],
    ["an INSERT without its row", "table public.t: INSERT: (no-tuple-data)", 23],
    ["a TRUNCATE without flags", "table public.t: TRUNCATE:", 25],
    ["an unknown TRUNCATE flag", "table public.t: TRUNCATE: cascade restart_seqs", 33],
    ["a column without a type", "table public.t: INSERT: v:'x'", 23],
    ["a type that is never closed", "table public.t: INSERT: v[text", 26],
    ["an empty type", "table public.t: INSERT: v[]:'x'", 26],
    ["a quoted value that is never closed", "table public.t: INSERT: v[text]:'it''s", 32],
    ["text without quotes", "table public.t: INSERT: v[text]:x", 32],
    ["a number in quotes", "table public.t: INSERT: v[integer]:'1'", 35],
    ["a number without digits", "table public.t: INSERT: v[numeric]:-", 35],
    ["a number with an empty fraction", "table public.t: INSERT: v[numeric]:1.", 35],
    ["a number with an empty exponent", "table public.t: INSERT: v[real]:1e+", 32],
    ["a boolean in short", "table public.t: INSERT: v[boolean]:t", 35],
    ["bits without their quotes", "table public.t: INSERT: v[bit]:101", 31],
    ["bits that are none", "table public.t: INSERT: v[bit]:B'102'", 31],
    ["something behind a value", "table public.t: INSERT: v[text]:'x'y", 35],
    ["a longer word than null", "table public.t: INSERT: v[text]:nullx", 36],
    ["a space at the end", "table public.t: INSERT: v[text]:'x' ", 35],
    ["an old tuple without a new one", "table public.t: UPDATE: old-key: id[integer]:1", 46],
    ["a new tuple without an old one", "table public.t: UPDATE: new-tuple: id[integer]:1", 23],
    ["a message without a size", "message: transactional: 1 prefix: p content:x", 34],
    ["a message longer than its size", "message: transactional: 1 prefix: p, sz: 1 content:xy", 34],
    [
      "a message that is neither in nor out of a transaction",
      "message: transactional: 2 prefix: p, sz: 0 content:",
      24,
    ],
  ]

  for (const [what, text, offset] of refused) {
    it(`${what}, and tells where`, () => {
      assert.strictEqual(failureOf(text)?.offset, offset)
    })
  }
})

describe("decodeChange", () => {
  it("tells what it expected and the names before it, and no value", () => {
    assert.deepStrictEqual(
      failureOf("table public.t: INSERT: id[integer]:42 cpf[text]:'111' nome[text]:secret"),
      {
        _tag: "MalformedText",
        offset: 66,
        expected: "a quoted value",
        within: "table public.t: INSERT:",
      },
    )
  })

  it("reads the bytes of any letters", () => {
    const row = [cell(toBytes("ação"), "text", toBytes("João 😀"))]
    const change: Change = { _tag: "Insert", table: { schema: "public", name: toBytes("é") }, row }
    assert.deepStrictEqual(
      decodeChange(toBytes(`table public."é": INSERT: "ação"[text]:'João 😀'`)),
      Result.succeed(change),
    )
  })

  it("refuses text that is no byte string, and tells where", () => {
    assert.strictEqual(failureOf("table public.t: INSERT: v[text]:'João 😀'")?.offset, 38)
  })

  it("takes a name with quotes that this server version would not print", () => {
    const change: Change = { _tag: "Insert", table, row: [cell("json_table", "text", "x")] }
    assert.deepStrictEqual(
      decodeChange(`table public.t: INSERT: "json_table"[text]:'x'`),
      Result.succeed(change),
    )
  })

  it("reads a TRUNCATE that is left with no table", () => {
    const change: Change = { _tag: "Truncate", tables: [], restartSequences: false, cascade: false }
    assert.deepStrictEqual(decodeChange("table : TRUNCATE: (no-flags)"), Result.succeed(change))
  })

  it("reads a message that was cut at a zero byte", () => {
    const change: Change = { _tag: "Message", transactional: true, prefix: "p", size: 9, content: "a" }
    assert.deepStrictEqual(
      decodeChange("message: transactional: 1 prefix: p, sz: 9 content:a"),
      Result.succeed(change),
    )
  })

  it("reads each line by itself, whatever the line before was", () => {
    const tokens = new RowTokenizer(unprojected)
    const first = decodeChange("table public.t: INSERT: a[integer]:1 b[text]:'x' c[text]:'y'", { tokens })
    const other = decodeChange("table public.t: INSERT: a[text]:'1' c[text]:'y'", { tokens })
    const again = decodeChange("table public.t: INSERT: a[integer]:1 b[text]:'x' c[text]:'y'", { tokens })
    assert.isTrue(Result.isSuccess(other))
    assert.deepStrictEqual(again, first)
  })

  it("finds the columns of an old tuple whatever its NULLs leave out", () => {
    const tokens = new RowTokenizer(unprojected)
    decodeChange("table public.t: INSERT: a[integer]:1 b[text]:'x' c[text]:'y'", { tokens })
    const change: Change = {
      _tag: "Delete",
      table,
      before: [cell("b", "text", "x"), cell("a", "integer", "1"), cell("c", "text", "y")],
    }
    assert.deepStrictEqual(
      decodeChange("table public.t: DELETE: b[text]:'x' a[integer]:1 c[text]:'y'", { tokens }),
      Result.succeed(change),
    )
  })
})

describe("SlotText", () => {
  it.effect("fails with the place and without the line", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(decode("table public.t: INSERT: v[text]:secret"))
      assert.strictEqual(
        error.message,
        "Expected a quoted value at offset 32, after `table public.t: INSERT:`",
      )
    }),
  )

  it.effect("does not print a change that would be read as another", () =>
    Effect.gen(function* () {
      const forged: Change = { _tag: "Insert", table, row: [cell("a", "text]:'x' b[text", "y")] }
      yield* Effect.flip(encode(forged))
    }),
  )

  it.effect("does not print a number that is none", () =>
    Effect.flip(encode({ _tag: "Insert", table, row: [cell("a", "integer", "x")] })),
  )

  it.effect("does not print what is no change of the union", () =>
    Effect.flip(Schema.encodeUnknownEffect(SlotText)({ _tag: "Insert", table, row: [{ name: "a" }] })),
  )
})
