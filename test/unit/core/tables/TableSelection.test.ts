import { assert, describe, it } from "@effect/vitest"
import { Option, Result } from "effect"
import { parseTable, printInSql, type TableName } from "../../../../src/core/source/SourceTable.ts"
import type { OwnerOf } from "../../../../src/core/tables/PatternMatches.ts"
import { parseTableEntries } from "../../../../src/core/tables/TableEntryText.ts"
import { selectTables, tablesIn } from "../../../../src/core/tables/TableSelection.ts"

const table = (text: string): TableName => Option.getOrThrow(parseTable(text))

/** A catalog of tables, `leaf < root` for a partition. */
const select = (setting: string, catalog: ReadonlyArray<string>, ownerOf?: OwnerOf) =>
  selectTables(
    Result.getOrThrow(parseTableEntries(setting)),
    catalog.map((text, i) => {
      const [name = "", ...ancestors] = text.split(" < ")
      return {
        table: table(name),
        oid: 1 + i,
        ancestors: ancestors.map(table),
        keys: [],
        isMatchable: !name.endsWith(".view"),
        notFollowed: name.endsWith(".unlogged") ? Option.some("it is unlogged") : Option.none(),
      }
    }),
    ownerOf,
  )
const chosen = (...args: Parameters<typeof select>) =>
  tablesIn(select(...args)).map((one) => `${printInSql(one.table)}=${one.dataset}`)
const unusable = (...args: Parameters<typeof select>) =>
  select(...args).unusable.map((one) => `${printInSql(one.table)}: ${one.problem}. ${one.advice}`)

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

  it("hold a partition whose root is left out, and below it none of its own partitions", () => {
    assert.deepStrictEqual(chosen("a.*,!a.root", ["a.root", "a.leaf < a.root"]), ["a.leaf=leaf"])
    assert.deepStrictEqual(
      chosen("a.*,!a.root", ["a.root", "a.mid < a.root", "a.leaf < a.mid < a.root", "a.other < a.root"]),
      ["a.mid=mid", "a.other=other"],
    )
  })

  it("hold a partition that matches while its root does not", () => {
    assert.deepStrictEqual(chosen("b.*", ["a.root", "b.leaf < a.root"]), ["b.leaf=leaf"])
  })

  it("hold a root as it is, also if a partition of it is left out", () => {
    assert.deepStrictEqual(chosen("a.*,!a.leaf", ["a.root", "a.leaf < a.root", "a.other < a.root"]), [
      "a.root=root",
    ])
  })

  it("lack the partitions of a root that matches and cannot be followed", () => {
    assert.deepStrictEqual(chosen("a.*", ['a."Raiz ã"', 'a.leaf < a."Raiz ã"']), [])
    assert.deepStrictEqual(unusable("a.*", ['a."Raiz ã"', 'a.leaf < a."Raiz ã"']).length, 1)
  })

  it("lack the partitions of a named table that was renamed to what no pattern matches", () => {
    const ownerOf: OwnerOf = (dataset) => (dataset === "cs" ? { table: table("a.c"), oid: 1 } : undefined)
    assert.deepStrictEqual(chosen("a.c=cs,a.p_*", ["a.root", "a.p_1 < a.root"], ownerOf), ["a.c=cs"])
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
    const ownerOf: OwnerOf = (dataset) => (dataset === "x" ? { table: table("b.x"), oid: 2 } : undefined)
    assert.deepStrictEqual(chosen("*.x={table}", ["a.x", "b.x"], ownerOf), ["b.x=x"])
  })

  it("leave out a partitioned table whose partition is named by itself", () => {
    assert.deepStrictEqual(chosen("a.leaf,a.*", ["a.root", "a.leaf < a.root"]), ["a.leaf=leaf"])
    assert.include(
      unusable("a.leaf,a.*", ["a.root", "a.leaf < a.root"])[0],
      'its partition "a"."leaf" is named',
    )
  })

  it("leave out a table whose dataset belongs to another one in the lake, and say to which", () => {
    const ownerOf: OwnerOf = (dataset) => (dataset === "x" ? { table: table("a.x"), oid: 99 } : undefined)
    assert.deepStrictEqual(chosen("b.*", ["b.x"], ownerOf), [])
    assert.include(unusable("b.*", ["b.x"], ownerOf)[0], 'belongs to "a"."x" (OID 99)')
    assert.deepStrictEqual(chosen("a.*", ["a.x"], ownerOf), ["a.x=x"])
  })

  it("hold a table that the lake knows under the dataset, and that has moved to another schema", () => {
    const ownerOf: OwnerOf = (dataset) => (dataset === "x" ? { table: table("a.x"), oid: 1 } : undefined)
    assert.deepStrictEqual(chosen("b.*", ["b.x"], ownerOf), ["b.x=x"])
  })

  it("lack the new name of a named table, whose dataset goes on with it", () => {
    const ownerOf: OwnerOf = (dataset) => (dataset === "cs" ? { table: table("a.c"), oid: 1 } : undefined)
    assert.deepStrictEqual(chosen("a.c=cs,a.*", ["a.d", "a.e"], ownerOf), ["a.c=cs", "a.e=e"])
    assert.deepStrictEqual(chosen("a.c=cs,a.*", ["a.d", "a.c"], ownerOf), ["a.c=cs", "a.d=d"])
  })

  it("lack views, and leave out unlogged tables", () => {
    assert.deepStrictEqual(chosen("a.*", ["a.view", "a.unlogged", "a.x"]), ["a.x=x"])
    assert.match(
      unusable("a.*", ["a.view", "a.unlogged"]).join(),
      /^a.unlogged: it is unlogged. Leave it out: /,
    )
  })

  it("name the patterns that match nothing", () => {
    assert.deepStrictEqual(select("a.*,b.*", ["a.x"]).unmatched, ["b.*"])
  })
})
