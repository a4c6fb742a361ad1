import { assert, describe, it } from "@effect/vitest"
import { Option, Result } from "effect"
import { parseTable, printInSql, type TableName } from "../../../../src/core/source/SourceTable.ts"
import { parseTableEntries } from "../../../../src/core/tables/TableEntry.ts"
import { type OwnerOf, selectTables } from "../../../../src/core/tables/TableSelection.ts"

const table = (text: string): TableName => Option.getOrThrow(parseTable(text))

/** A catalog of tables, `leaf < root` for a partition. */
const select = (setting: string, catalog: ReadonlyArray<string>, ownerOf?: OwnerOf) =>
  selectTables(
    Result.getOrThrow(parseTableEntries(setting)),
    catalog.map((text) => {
      const [name = "", ...ancestors] = text.split(" < ")
      return { table: table(name), ancestors: ancestors.map(table) }
    }),
    ownerOf,
  )
const chosen = (...args: Parameters<typeof select>) =>
  select(...args).tables.map((one) => `${printInSql(one.table)}=${one.dataset}`)
const unusable = (...args: Parameters<typeof select>) =>
  select(...args).unusable.map((one) => `${printInSql(one.table)}: ${one.why}`)

describe("the tables that SOURCE_TABLES selects", () => {
  it("are the named ones first, then the matches by name", () => {
    assert.deepStrictEqual(chosen("z.b=bb, a.*, *.x", ["z.b", "a.d", "a.c", "q.x", "z.y"]), [
      "z.b=bb",
      "a.c=c",
      "a.d=d",
      "q.x=q_x",
    ])
  })

  it("hold a named table that the catalog lacks", () => {
    assert.deepStrictEqual(chosen("a.b,a.*", ["a.c"]), ["a.b=b", "a.c=c"])
  })

  it("lack what an exclusion matches", () => {
    assert.deepStrictEqual(chosen("a.*,!a.tmp_*,!*.log", ["a.b", "a.tmp_1", "a.log"]), ["a.b=b"])
  })

  it("belong to the first pattern that matches them", () => {
    assert.deepStrictEqual(chosen("a.b*={table}_1,a.*={table}_2", ["a.bc", "a.c"]), ["a.bc=bc_1", "a.c=c_2"])
  })

  it("lack the partitions of what they hold, whatever lies between", () => {
    assert.deepStrictEqual(chosen("a.*", ["a.root", "a.leaf < a.mid < a.root", "a.mid < a.root"]), [
      "a.root=root",
    ])
    assert.deepStrictEqual(chosen("a.root,b.*", ["a.root", "b.leaf < a.root"]), ["a.root=root"])
  })

  it("hold a partition whose root is left out", () => {
    assert.deepStrictEqual(chosen("a.*,!a.root", ["a.root", "a.leaf < a.root"]), ["a.leaf=leaf"])
  })

  it("leave out a table whose name cannot be a dataset's, and say how to name it", () => {
    const [why] = unusable("a.*", ["a.b", 'a."Minha loja"'])
    assert.include(why, '"Minha loja" is no name of a dataset')
    assert.include(why, '"a"."Minha loja"=…')
    assert.deepStrictEqual(chosen("a.*", ["a.b", 'a."Minha loja"']), ["a.b=b"])
  })

  it("leave out both of two tables that would share a dataset", () => {
    assert.deepStrictEqual(chosen("*.x={table}", ["a.x", "b.x"]), [])
    assert.strictEqual(unusable("*.x={table}", ["a.x", "b.x"]).length, 2)
  })

  it("keep the one of them that is named, or that the lake knows", () => {
    assert.deepStrictEqual(chosen("a.x,b.*", ["a.x", "b.x"]), ["a.x=x"])
    const ownerOf: OwnerOf = (dataset) => (dataset === "x" ? table("b.x") : undefined)
    assert.deepStrictEqual(chosen("*.x={table}", ["a.x", "b.x"], ownerOf), ["b.x=x"])
  })

  it("leave out a partitioned table whose partition is named by itself", () => {
    assert.deepStrictEqual(chosen("a.leaf,a.*", ["a.root", "a.leaf < a.root"]), ["a.leaf=leaf"])
    assert.include(
      unusable("a.leaf,a.*", ["a.root", "a.leaf < a.root"])[0],
      'its partition "a"."leaf" is named',
    )
  })

  it("name the patterns that match nothing", () => {
    assert.deepStrictEqual(select("a.*,b.*", ["a.x"]).unmatched, ["b.*"])
  })
})
