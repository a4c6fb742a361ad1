/** Statements that change what tables are. The log says nothing of them, only of the rows that come after. */
import { Effect } from "effect"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import { lookAt } from "../verdict/tableLook.ts"
import { nameSql, tableSql } from "./sql.ts"
import { alterColumns, createTable, replicaIdentity } from "./tables.ts"
import type { Pen } from "./writer.ts"

export const changeColumns = Effect.fnUntraced(function* ({ session, dice, world, places }: Pen) {
  const { table } = dice.pick(places)
  const look = yield* lookAt(session, table)
  if (look === undefined) return []
  const free = look.columns.filter(({ isMade }) => !isMade)
  const key = free.filter(({ isKey }) => isKey).map(({ name }) => name)
  yield* session.sql(
    dice.is(0.25) ? replicaIdentity(dice, table, key) : alterColumns(dice, world, table, free),
  )
  return []
})

export const changeTypes = Effect.fnUntraced(function* ({ session, dice, world }: Pen) {
  yield* session.sql(dice.pick(world.typeChanges))
  return []
})

/** To another name or another schema, or from there back. */
export const carry = (from: TableName, to: TableName): string =>
  from.schema === to.schema
    ? `ALTER TABLE ${tableSql(from)} RENAME TO ${nameSql(to.name)}`
    : `ALTER TABLE ${tableSql(from)} SET SCHEMA ${nameSql(to.schema)}`

export const moveTables = Effect.fnUntraced(function* ({ session, dice, world, places }: Pen) {
  const { table, away } = dice.pick(places)
  if ((yield* lookAt(session, table)) === undefined) {
    yield* session.sql(carry(away, table))
    return []
  }
  const twin = places.find((place) => place.table.schema === table.schema && place.table.name !== table.name)
  const name = tableSql(table)
  const passing = { schema: table.schema, name: "passing by" }
  switch (dice.weighted({ away: 2, swap: twin ? 2 : 0, again: 2, rewrite: 1 })) {
    case "away":
      yield* session.sql(carry(table, away))
      return []
    case "swap":
      if (twin)
        yield* session.sql(
          [carry(table, passing), carry(twin.table, table), carry(passing, twin.table)].join(";"),
        )
      return []
    case "again":
      yield* session.sql([`DROP TABLE ${name}`, ...createTable(dice, world, table)].join(";"))
      return []
    case "rewrite":
      yield* session.sql(`ALTER TABLE ${name} SET UNLOGGED; ALTER TABLE ${name} SET LOGGED`)
      return []
  }
})
