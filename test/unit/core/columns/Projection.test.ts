import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { parseColumnList } from "../../../../src/core/columns/ColumnEntry.ts"
import { projectionFor, unmatchedEntries } from "../../../../src/core/columns/Projection.ts"
import { rulesOf } from "../../../support/slot/projectedChange.ts"

const cliente = { schema: "db_loja", name: "cliente" }
const pedido = { schema: "db_loja", name: "pedido" }

const fates = (
  excluded: ReadonlyArray<string>,
  hashed: ReadonlyArray<string>,
  columns: ReadonlyArray<string>,
) => {
  const projection = projectionFor(rulesOf(excluded, hashed), [cliente])
  return columns.map((column) => projection?.fateOf(column) ?? "keep")
}

const problem = (text: string) => Result.getOrThrow(Result.flip(parseColumnList(text)))

describe("a column", () => {
  it("is dropped or hashed where an entry names it, a pattern or a name", () => {
    const columns = ["id", "cpf", "cpf_pai", "email"]
    assert.deepStrictEqual(fates(["db_loja.cliente.cpf"], ["db_*.cliente.e*"], columns), [
      "keep",
      "drop",
      "keep",
      "hash",
    ])
    assert.deepStrictEqual(fates(["*.cpf*"], [], columns), ["keep", "drop", "drop", "keep"])
    assert.deepStrictEqual(fates(["*.*.c?f"], [], columns), ["keep", "drop", "keep", "keep"])
    assert.deepStrictEqual(fates(["db_loja.pedido.cpf"], ["outra.cliente.email"], columns), [
      "keep",
      "keep",
      "keep",
      "keep",
    ])
  })

  it("is dropped where both lists name it", () => {
    assert.deepStrictEqual(fates(["*.cpf"], ["db_loja.cliente.cpf"], ["cpf"]), ["drop"])
  })

  it("is named as in SQL: folded to lower case outside of quotes", () => {
    assert.deepStrictEqual(fates(["DB_LOJA.Cliente.CPF"], [], ["cpf", "CPF"]), ["drop", "keep"])
    assert.deepStrictEqual(
      fates(['db_loja.cliente."CPF"', 'db_loja.cliente."a.b,""c*"'], [], ["cpf", "CPF", 'a.b,"c*']),
      ["keep", "drop", "drop"],
    )
  })

  it("is found where PostgreSQL keeps a capital that is not ASCII", () => {
    assert.deepStrictEqual(fates(["db_loja.cliente.SITUAÇÃO"], [], ["situaÇÃo", "situação"]), [
      "drop",
      "drop",
    ])
  })

  it("keeps its fate when the table is renamed", () => {
    const rules = rulesOf(["db_loja.cliente.cpf"], [])
    const renamed = { schema: "db_loja", name: "freguês" }
    assert.strictEqual(projectionFor(rules, [renamed, cliente])?.fateOf("cpf"), "drop")
    assert.isUndefined(projectionFor(rules, [renamed]))
  })
})

describe("an entry", () => {
  it("is refused where it does not say which table's column it means, all of them together", () => {
    assert.strictEqual(
      problem("cpf, cliente.cpf,a.b.c.d"),
      '"cpf" names no column of a table: write schema.table.column, or *.column for every table; ' +
        '"cliente.cpf" names no column of a table: write schema.table.column, or *.column for every table; ' +
        '"a.b.c.d" has more than three parts: write schema.table.column',
    )
  })

  it("is refused where nothing stands: an empty variable must not unmask what it should mask", () => {
    assert.match(problem(""), /it is empty/)
    assert.match(problem("a.b.c,"), /no column follows the last comma/)
    assert.match(problem(",a.b.c"), /no column precedes a comma/)
    assert.match(problem("!a.b.c"), /cannot begin with !/)
    assert.match(problem("a.b.c d.e.f"), /a comma is expected before "d.e.f"/)
    assert.match(problem("a..c"), /a name is expected at ".c"/)
  })

  it("is told where it is about no column", () => {
    const { excluded } = rulesOf(["*.cpf", "db_loja.cliente.cfp", "db_loja.pedido.id"], [])
    const found = unmatchedEntries(excluded, [
      { names: [cliente], columns: ["id", "cpf"] },
      { names: [pedido], columns: ["id"] },
    ])
    assert.deepStrictEqual(
      found.map(({ text }) => text),
      ["db_loja.cliente.cfp"],
    )
  })
})
