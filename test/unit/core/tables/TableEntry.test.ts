import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import type { TableEntry } from "../../../../src/core/tables/TableEntry.ts"
import { parseTableEntries } from "../../../../src/core/tables/TableEntryText.ts"

const show = (entry: TableEntry): string =>
  entry._tag === "Named"
    ? `${entry.table.schema}.${entry.table.name}=${entry.dataset}`
    : entry._tag === "Pattern"
      ? `${entry.pattern.text}=${entry.dataset}`
      : `!${entry.pattern.text}`
const entries = (text: string) => Result.getOrThrow(parseTableEntries(text)).map(show)
const why = (text: string) => Result.getOrThrow(Result.flip(parseTableEntries(text)))

describe("the entries of SOURCE_TABLES", () => {
  it("are tables by name, patterns and exclusions", () => {
    assert.deepStrictEqual(entries("db_loja.cliente=clientes, vendas.*, tenant_?.pedido , ! vendas.tmp_*"), [
      "db_loja.cliente=clientes",
      "vendas.*={table}",
      "tenant_?.pedido={schema}_{table}",
      "!vendas.tmp_*",
    ])
  })

  it("may name the dataset behind a pattern with the names of schema and table", () => {
    assert.deepStrictEqual(entries("tenant_*.pedido=p_{schema}, a.*={table}_v1"), [
      "tenant_*.pedido=p_{schema}",
      "a.*={table}_v1",
    ])
  })

  it("leave out one table by its name", () => {
    assert.deepStrictEqual(entries('vendas.*,!vendas."Log"'), ["vendas.*={table}", '!vendas."Log"'])
  })

  for (const [text, what] of [
    ["*", "write schema.table, for example public.*"],
    ["vendas.*=tudo", 'gives all its tables the dataset "tudo"'],
    ["vendas.*={tabela}", "{schema} and {table}"],
    ["vendas.*={table}/x", 'may hold only letters, digits, "_", "-", {schema} and {table}'],
    ["vendas.a={table}", 'the dataset "{table}"'],
    ["!vendas.a", "it only leaves tables out"],
    ["vendas.*,!vendas.a=b", "has no dataset"],
    ["vendas.a,!vendas.*", '"vendas"."a" is named, and !vendas.* leaves it out'],
    ["vendas.*,VENDAS.*", "VENDAS.* is named twice"],
    ["a.*,!b.x,!b.x", "!b.x is named twice"],
    ["a.*,", "no table follows the last comma"],
    ["a.* b.*", "a comma is expected before"],
    ["a.!b", 'a table name is expected after "a."'],
    ["!", "no table follows the last comma"],
  ] as const) {
    it(`are refused: ${text}`, () => {
      assert.include(why(text), what)
    })
  }
})
