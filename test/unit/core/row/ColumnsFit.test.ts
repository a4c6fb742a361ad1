/** Rows of the leaves of one partitioned table, whose columns stand in different orders. */
import { assert, describe, it } from "@effect/vitest"
import { toBytes } from "../../../../src/core/bytes/Bytes.ts"
import { ColumnsFit } from "../../../../src/core/row/ColumnsFit.ts"
import { incHeader } from "../../../../src/core/row/IncRow.ts"
import { IncRowWriter } from "../../../../src/core/row/IncRowWriter.ts"
import { RowTokenizer } from "../../../../src/core/slot/tokens/RowTokenizer.ts"
import { unprojected } from "../../../../src/core/slot/tokens/TableMemo.ts"
import { lineAmongOthers } from "../../../support/slot/writtenRow.ts"

const writer = new IncRowWriter()
writer.beginTransaction({ lsn: "00000000/016B3748", xid: 733, at: "2025-11-03 10:15:30+00" })
const head = "00000000/016B3748,2,733,2025-11-03 10:15:30+00"

/** The rows of lines of several leaves, read by one tokenizer; undefined for a line that does not fit. */
const rowsOf = (
  columns: ReadonlyArray<string>,
  lines: ReadonlyArray<readonly [leaf: string, line: string]>,
) => {
  const tokens = new RowTokenizer(unprojected)
  const fit = new ColumnsFit(columns, true)
  return lines.map(([leaf, line]) => {
    assert.isTrue(tokens.read(lineAmongOthers(toBytes(`table ${leaf}: ${line}`))))
    return fit.has(tokens) ? writer.print(tokens, fit, 2, toBytes(leaf)) : undefined
  })
}

describe("a row of a leaf", () => {
  it("has its leaf after the seven columns, quoted as a field where it needs to be", () => {
    assert.deepStrictEqual(
      rowsOf(
        ["id"],
        [
          ["public.a", "INSERT: id[integer]:1"],
          ['public."A, b"', "INSERT: id[integer]:2"],
        ],
      ),
      [`I,${head},,,public.a,1\n`, `I,${head},,,"public.""A, b""",2\n`],
    )
  })

  it("is put into the root's order by name, however leaves alternate", () => {
    const one = ["public.a", "INSERT: id[integer]:1 v[text]:'x' w[text]:null"] as const
    const other = ["public.b", "INSERT: w[text]:'' v[text]:'y' id[integer]:2"] as const
    assert.deepStrictEqual(rowsOf(["id", "v", "w"], [one, other, one, other]), [
      `I,${head},,,public.a,1,x,\n`,
      `I,${head},,,public.b,2,y,""\n`,
      `I,${head},,,public.a,1,x,\n`,
      `I,${head},,,public.b,2,y,""\n`,
    ])
  })

  it("keeps old keys and unchanged large values under their names", () => {
    assert.deepStrictEqual(
      rowsOf(
        ["id", "v", "w"],
        [
          [
            "public.b",
            "UPDATE: old-key: id[integer]:1 new-tuple: w[text]:unchanged-toast-datum v[text]:'y' id[integer]:2",
          ],
          ["public.b", "DELETE: v[text]:'y' id[integer]:2"],
          [
            "public.b",
            "UPDATE: old-key: w[text]:'L' id[integer]:2 new-tuple: w[text]:unchanged-toast-datum v[text]:'y' id[integer]:2",
          ],
        ],
      ),
      [
        `U,${head},"{""id"":""1""}",{w},public.b,2,y,\n`,
        `D,${head},,,public.b,2,y,\n`,
        `U,${head},"{""w"":""L"",""id"":""2""}",,public.b,2,y,L\n`,
      ],
    )
  })

  it("does not fit where its names are others", () => {
    assert.deepStrictEqual(
      rowsOf(
        ["id", "v"],
        [
          ["public.a", "INSERT: v[text]:'x' id[integer]:1 w[text]:null"],
          ["public.a", "INSERT: id[integer]:1 w[text]:null"],
          ["public.a", "DELETE: w[text]:'x'"],
        ],
      ),
      [undefined, undefined, undefined],
    )
  })

  it("renames a column of the table that has the name of the eighth, and only in such datasets", () => {
    assert.strictEqual(
      incHeader(["id", "_partition"], true),
      "_op,_lsn,_seq,_xid,_commit_ts,_before,_unchanged,_partition,id,_partition_\n",
    )
    assert.strictEqual(
      incHeader(["id", "_partition"]),
      "_op,_lsn,_seq,_xid,_commit_ts,_before,_unchanged,id,_partition\n",
    )
  })
})
