/** The tables of a round and how they are made: plain ones, partitioned ones, and those that join the list later. */
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import type { Random } from "../../../test/support/Random.ts"
import { nameSql, tableSql } from "../workload/sql.ts"

export interface Place {
  readonly table: TableName
  readonly dataset: string
  readonly isPartitioned: boolean
  /** Matches this table and no other of a round; undefined where its name cannot be a dataset. */
  readonly pattern: string | undefined
}

export const archive = "Arquivo morto"
const schema = "loja"

/** Always followed and never altered: what it has in the lake tells how far `cdc` has come. */
export const marks: Place = {
  table: { schema, name: "marca" },
  dataset: "marcas",
  isPartitioned: false,
  pattern: "loja.marc?",
}

export const places: ReadonlyArray<Place> = [
  { table: { schema, name: "item" }, dataset: "item", isPartitioned: false, pattern: "loja.it*" },
  {
    table: { schema, name: 'Pedido "novo"' },
    dataset: "pedidos",
    isPartitioned: false,
    pattern: undefined,
  },
  { table: { schema, name: "venda" }, dataset: "venda", isPartitioned: true, pattern: "l?ja.vend?" },
  { table: { schema, name: "acesso" }, dataset: "acesso", isPartitioned: true, pattern: "loja.acess?" },
]

/** Their values of `mes`; those from `branchFrom` on are below a partition that is partitioned. */
export const months = 9
const branchFrom = 6

export const leafName = ({ table }: Place, mes: number, dice: Random): TableName => ({
  schema: dice.is(0.2) ? archive : table.schema,
  name: `${table.name} ${mes} ${dice.between(1, 1e6)}`,
})

const branchName = ({ table }: Place): TableName => ({ ...table, name: `${table.name} ramo` })

export const forMonth = (mes: number): string => `FOR VALUES FROM (${mes}) TO (${mes + 1})`

/** The partitioned table that a leaf of this month is below. */
export const parentOf = (place: Place, mes: number): TableName =>
  mes >= branchFrom ? branchName(place) : place.table

const columns = ["nome text", "email text", "valor numeric(10,2)", "ok boolean", "big text"]

const identitySql = (table: TableName, dice: Random): string =>
  dice.is(0.4) ? `ALTER TABLE ${tableSql(table)} REPLICA IDENTITY FULL` : ""

/** The statements that make a table, each a new draw. */
export const makeTable = (place: Place, dice: Random): string => {
  const { table, isPartitioned } = place
  const name = tableSql(table)
  const extra = Array.from({ length: dice.between(0, 3) }, (_, i) => `${nameSql(`Extra ${i}`)} integer`)
  const all = [...(dice.is(0.5) ? ["foi text"] : []), ...columns, ...extra]
  const drop = all.includes("foi text") ? `ALTER TABLE ${name} DROP COLUMN foi` : ""
  if (!isPartitioned)
    return [
      `CREATE TABLE ${name} (id integer PRIMARY KEY, ${all.join(", ")})`,
      `ALTER TABLE ${name} ALTER big SET STORAGE EXTERNAL`,
      drop,
      identitySql(table, dice),
    ].join(";")
  const branch = branchName(place)
  const leaves = [1, 2, 3, branchFrom, branchFrom + 1].flatMap((mes) => {
    const leaf = leafName(place, mes, dice)
    return [
      `CREATE TABLE ${tableSql(leaf)} PARTITION OF ${tableSql(parentOf(place, mes))} ${forMonth(mes)}`,
      identitySql(leaf, dice),
    ]
  })
  return [
    `CREATE TABLE ${name} (id integer, mes integer, ${all.join(", ")}, PRIMARY KEY (id, mes)) PARTITION BY RANGE (mes)`,
    `ALTER TABLE ${name} ALTER big SET STORAGE EXTERNAL`,
    drop,
    `CREATE TABLE ${tableSql(branch)} PARTITION OF ${name} FOR VALUES FROM (${branchFrom}) TO (${months + 1}) PARTITION BY RANGE (mes)`,
    ...leaves,
  ].join(";")
}

export const setup = (dice: Random): string =>
  [
    `CREATE SCHEMA ${schema}; CREATE SCHEMA ${nameSql(archive)}`,
    // The program's role is let into the schemas that have a table.
    `CREATE TABLE ${nameSql(archive)}.nada ()`,
    `CREATE TABLE ${tableSql(marks.table)} (id integer PRIMARY KEY)`,
    ...places.map((place) => makeTable(place, dice)),
  ].join(";")
