import { assert, describe, it } from "@effect/vitest"
import { toBytes } from "../../../../src/core/bytes/Bytes.ts"
import { ColumnsFit } from "../../../../src/core/row/ColumnsFit.ts"
import { columnsOf, incHeader } from "../../../../src/core/row/IncRow.ts"
import { RowTokenizer } from "../../../../src/core/slot/tokens/RowTokenizer.ts"
import { unprojected } from "../../../../src/core/slot/tokens/TableMemo.ts"
import { lineAmongOthers, writtenRow } from "../../../support/slot/writtenRow.ts"

const commit = { lsn: "00000000/016B3748", xid: 733, at: "2025-11-03 10:15:30.123456+00" }
const stamp = "00000000/016B3748,2,733,2025-11-03 10:15:30.123456+00"

/** What the slot prints of a row: `line` is what follows `table public.t: `. */
const printed = (line: string): string => toBytes(`table public.t: ${line}`)

const row = (line: string, columns: ReadonlyArray<string>) =>
  writtenRow(printed(line), commit, 2, { columns })

const read = (line: string): RowTokenizer => {
  const tokens = new RowTokenizer(unprojected)
  assert.isTrue(tokens.read(lineAmongOthers(printed(line))))
  return tokens
}

describe("a row of inc", () => {
  it("writes an INSERT with all of its values", () => {
    assert.strictEqual(
      row("INSERT: id[integer]:1 v[text]:'a, \"b\"' ok[boolean]:true w[text]:null x[text]:''", [
        "id",
        "v",
        "ok",
        "w",
        "x",
      ]),
      `I,${stamp},,,1,"a, ""b""",true,,""\n`,
    )
  })

  it("writes an UPDATE without an old tuple", () => {
    assert.strictEqual(row("UPDATE: id[integer]:1 v[text]:'b'", ["id", "v"]), `U,${stamp},,,1,b\n`)
  })

  it("writes the old tuple as JSON, every value a string", () => {
    assert.strictEqual(
      row("UPDATE: old-key: id[integer]:1 ok[boolean]:true new-tuple: id[integer]:2 ok[boolean]:true", [
        "id",
        "ok",
      ]),
      `U,${stamp},"{""id"":""1"",""ok"":""true""}",,2,true\n`,
    )
  })

  it("writes an old tuple of NULLs as an empty object", () => {
    assert.strictEqual(row("UPDATE: old-key: new-tuple: v[text]:'b'", ["v"]), `U,${stamp},{},,b\n`)
  })

  it("escapes quotes, backslashes and control characters in the old tuple and keeps the letters", () => {
    assert.strictEqual(
      row(`UPDATE: old-key: "ç""\n"[text]:'a"\\\u0001\té😀' new-tuple: "ç""\n"[text]:'b'`, [toBytes('ç"\n')]),
      toBytes(`U,${stamp},"{""ç\\""\\n"":""a\\""\\\\\\u0001\\té😀""}",,b\n`),
    )
  })

  it("keeps the order of the old tuple, whatever its columns are called", () => {
    assert.strictEqual(
      row(`UPDATE: old-key: b[text]:'x' "1"[text]:'y' __proto__[text]:'z' new-tuple: b[text]:null`, ["b"]),
      `U,${stamp},"{""b"":""x"",""1"":""y"",""__proto__"":""z""}",,\n`,
    )
  })

  it("lists large values that were not sent, and leaves them empty", () => {
    assert.strictEqual(
      row(
        `UPDATE: id[integer]:1 "Big one"[text]:unchanged-toast-datum big[text]:unchanged-toast-datum v[text]:'b'`,
        ["id", "Big one", "big", "v"],
      ),
      `U,${stamp},,"{""Big one"",big}",1,,,b\n`,
    )
  })

  it("fills in large values from the old tuple under REPLICA IDENTITY FULL, and lists nothing", () => {
    assert.strictEqual(
      row(
        "UPDATE: old-key: id[integer]:1 big[text]:'L' new-tuple: id[integer]:1 big[text]:unchanged-toast-datum",
        ["id", "big"],
      ),
      `U,${stamp},"{""id"":""1"",""big"":""L""}",,1,L\n`,
    )
  })

  it("lists a large value that the old key does not hold", () => {
    assert.strictEqual(
      row("UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2 big[text]:unchanged-toast-datum", [
        "id",
        "big",
      ]),
      `U,${stamp},"{""id"":""1""}",{big},2,\n`,
    )
  })

  it("writes the identity of a DELETE in its place", () => {
    assert.strictEqual(row("DELETE: code[text]:'c'", ["id", "code", "v"]), `D,${stamp},,,,c,\n`)
  })

  it("writes a DELETE without identity as a row of NULLs", () => {
    assert.strictEqual(row("DELETE: (no-tuple-data)", ["id", "v"]), `D,${stamp},,,,\n`)
  })

  it("writes a TRUNCATE as a row of NULLs", () => {
    assert.strictEqual(row("TRUNCATE: (no-flags)", ["id", "v"]), `T,${stamp},,,,\n`)
  })

  it("writes a table without columns", () => {
    assert.strictEqual(row("INSERT:", []), `I,${stamp},,\n`)
  })

  it("never puts a value under another column's name", () => {
    assert.strictEqual(row("INSERT: a[text]:'a' c[text]:'c'", ["a", "b"]), `I,${stamp},,,a,\n`)
  })
})

describe("columnsOf", () => {
  it("names the columns of a row in their order", () => {
    assert.deepStrictEqual(columnsOf(read("INSERT: b[text]:'x' a[integer]:null")), ["b", "a"])
  })
})

describe("ColumnsFit", () => {
  const columns = ["a", "b", "c"]
  const cases: ReadonlyArray<readonly [string, string, boolean]> = [
    ["takes a row with just these columns", "INSERT: a[text]:'1' b[text]:'2' c[text]:null", true],
    ["refuses a row that lacks one", "INSERT: a[text]:'1' b[text]:'2'", false],
    ["refuses a row that has one more", "INSERT: a[text]:'1' b[text]:'2' c[text]:'3' d[text]:'4'", false],
    ["refuses a row with another order", "UPDATE: a[text]:'1' c[text]:'2' b[text]:'3'", false],
    ["refuses a row with a renamed column", "UPDATE: a[text]:'1' b[text]:'2' d[text]:'3'", false],
    ["takes a DELETE that names some of them", "DELETE: c[text]:'1'", true],
    ["takes a DELETE that names none", "DELETE: (no-tuple-data)", true],
    ["refuses a DELETE that names another", "DELETE: a[text]:'1' d[text]:'2'", false],
    ["refuses a DELETE that names them in another order", "DELETE: c[text]:'1' a[text]:'2'", false],
    ["takes a TRUNCATE", "TRUNCATE: cascade", true],
  ]
  for (const [what, line, expected] of cases) {
    it(what, () => assert.strictEqual(new ColumnsFit(columns).has(read(line)), expected))
  }
})

describe("incHeader", () => {
  const ours = "_op,_lsn,_seq,_xid,_commit_ts,_before,_unchanged"

  it("puts our columns before the table's", () => {
    assert.strictEqual(incHeader(["id", "nome"]), `${ours},id,nome\n`)
  })

  it("quotes names as CSV does", () => {
    assert.strictEqual(incHeader(['a"b,c']), `${ours},"a""b,c"\n`)
  })

  it("appends _ to a column that bears one of our names", () => {
    assert.strictEqual(incHeader(["id", "_op", "_lsn"]), `${ours},id,_op_,_lsn_\n`)
  })

  it("appends _ until no other column of the table has the name", () => {
    assert.strictEqual(incHeader(["_op__", "_op", "_op_"]), `${ours},_op__,_op___,_op_\n`)
  })
})
