import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { printTable } from "../../../../src/core/source/SourceTable.ts"
import { namedTables } from "../../../../src/core/tables/TableEntry.ts"
import { parseTableEntries } from "../../../../src/core/tables/TableEntryText.ts"

const tables = (text: string) =>
  namedTables(Result.getOrThrow(parseTableEntries(text))).map(({ table, dataset }) => [
    table.schema,
    table.name,
    dataset,
  ])
const why = (text: string) => Result.getOrThrow(Result.flip(parseTableEntries(text)))

describe("SOURCE_TABLES", () => {
  it("reads tables with and without a dataset", () => {
    assert.deepStrictEqual(tables("db_loja.cliente=clientes, public.pedido"), [
      ["db_loja", "cliente", "clientes"],
      ["public", "pedido", "pedido"],
    ])
  })

  it("folds unquoted names and keeps quoted ones, as SQL does", () => {
    assert.deepStrictEqual(tables('DB_Loja."Minha ""loja"", a=b.c"=x'), [
      ["db_loja", 'Minha "loja", a=b.c', "x"],
    ])
  })

  it("takes names with dots, semicolons and line breaks in quotes", () => {
    assert.deepStrictEqual(tables('"a.b"."x;\nDROP TABLE y"=d'), [["a.b", "x;\nDROP TABLE y", "d"]])
  })

  it("reads names of other alphabets without quotes", () => {
    assert.deepStrictEqual(tables("loja.ação=acao"), [["loja", "ação", "acao"]])
  })

  it("says that a bare name needs its schema", () => {
    assert.include(why("cliente"), "write schema.table")
  })

  it("asks for quotes where a name holds what only a quoted name can", () => {
    for (const text of ["Minha loja.cliente", "minha-loja.cliente", "loja.Cliente Novo"]) {
      assert.include(why(text), 'quote such a name as in SQL ("…")')
      assert.notInclude(why(text), "has no schema")
    }
  })

  it("asks for single quotes in .env where a dotenv file has taken the outer double quotes away", () => {
    for (const text of ['Loja"."Cliente', 'Minha Loja"."Cliente"=a,b."C']) {
      assert.include(why(text), "in .env put the whole list into single quotes")
    }
  })

  it("says of a quoted name that its end is missing", () => {
    assert.include(why('"loja.cliente'), "a quote is not closed")
    assert.include(why('loja."cliente'), "a quote is not closed")
  })

  it("asks for a dataset where the name cannot be one", () => {
    assert.include(why('public."Ação"'), 'the dataset "Ação"')
    assert.include(why("public.a=x/y"), 'the dataset "x/y"')
    assert.include(why("public.a=-x"), 'the dataset "-x"')
  })

  it("gives a dataset to one table only", () => {
    assert.include(why("a.t=x,b.t=x"), 'the dataset "x" is given to "a"."t" and to "b"."t"')
  })

  it("refuses a table that is named twice", () => {
    assert.include(why('a.t=x,"a"."t"=y'), "is named twice")
  })

  it("refuses what is not a list of tables", () => {
    for (const text of ["", "a.", ".b", "a.b.c", 'a."b', "a.b c.d", "a.b,", "a.b;c.d"]) {
      assert.isTrue(Result.isFailure(parseTableEntries(text)), JSON.stringify(text))
    }
  })

  it("says of a comma too many what is missing", () => {
    assert.include(why("a.b,"), "no table follows the last comma")
    assert.include(why("a.b, \n"), "no table follows the last comma")
    assert.include(why("a.b,,c.d"), "no table precedes a comma")
    assert.include(why(",a.b"), "no table precedes a comma")
    assert.include(why(" "), "it is empty")
  })

  it("prints a name so that it can be nothing but a name", () => {
    assert.strictEqual(printTable({ schema: "a", name: 'b"; DROP' }), '"a"."b""; DROP"')
  })
})
