/** Steps that change rows: several statements, one transaction. */
import { Effect } from "effect"
import type { SqlFailure, TestSession } from "../../../../test/support/postgres/pgClient.ts"
import type { Random } from "../../../../test/support/Random.ts"
import { nameSql, tableSql } from "../../workload/sql.ts"
import { lookAtLeaves, lookAtTable } from "../catalog.ts"
import type { Place } from "../places.ts"
import { drawValue } from "./values.ts"

/** Few, so that statements find their rows. */
const ids = 60

type Written = Effect.Effect<void, SqlFailure>

const drawFor = (dice: Random, { name, type }: { readonly name: string; readonly type: string }): string =>
  drawValue(dice, type, name === "big")

const insert = Effect.fnUntraced(function* (session: TestSession, place: Place, dice: Random) {
  const look = yield* lookAtTable(session, place.table)
  if (look === undefined) return
  const leaves = place.isPartitioned ? yield* lookAtLeaves(session, tableSql(place.table)) : []
  if (place.isPartitioned && leaves.length === 0) return
  const row = () =>
    look.columns.map((column) =>
      column.name === "id"
        ? String(dice.between(1, ids))
        : column.name === "mes"
          ? String(dice.pick(leaves).mes)
          : dice.is(0.1)
            ? "DEFAULT"
            : drawFor(dice, column),
    )
  const rows = Array.from({ length: dice.between(1, 6) }, () => `(${row().join(", ")})`)
  const names = look.columns.map(({ name }) => nameSql(name)).join(", ")
  yield* session.sql(
    `INSERT INTO ${tableSql(place.table)} (${names}) VALUES ${rows.join(", ")} ON CONFLICT DO NOTHING`,
  )
})

const someIds = (dice: Random): string => {
  const first = dice.between(1, ids)
  return `id BETWEEN ${first} AND ${first + dice.between(0, 15)}`
}

const update = Effect.fnUntraced(function* (session: TestSession, place: Place, dice: Random) {
  const look = yield* lookAtTable(session, place.table)
  const chosen = look?.columns.filter(({ isKey }) => !isKey && dice.is(0.3)) ?? []
  if (chosen.length === 0) return
  const set = chosen.map((column) => `${nameSql(column.name)} = ${drawFor(dice, column)}`)
  const key = dice.is(0.1) ? [`id = id + ${ids}`] : []
  yield* session.sql(
    `UPDATE ${tableSql(place.table)} SET ${[...set, ...key].join(", ")} WHERE ${someIds(dice)}`,
  )
})

const remove = (session: TestSession, place: Place, dice: Random): Written =>
  Effect.asVoid(session.sql(`DELETE FROM ${tableSql(place.table)} WHERE ${someIds(dice)}`))

/** One statement; none where the table is not there. */
export const changeRows = (session: TestSession, place: Place, dice: Random): Written =>
  Effect.gen(function* () {
    if ((yield* lookAtTable(session, place.table)) === undefined) return
    const how = dice.weighted({ insert: 10, update: 7, remove: 3 })
    yield* { insert, update, remove }[how](session, place, dice)
  })

/** Rows go to another leaf. */
export const moveRows = (session: TestSession, place: Place, dice: Random): Written =>
  Effect.gen(function* () {
    const leaves = yield* lookAtLeaves(session, tableSql(place.table))
    if (leaves.length < 2) return
    const [from, to] = [dice.pick(leaves), dice.pick(leaves)]
    yield* session.sql(
      `UPDATE ${tableSql(place.table)} SET mes = ${to.mes}${dice.is(0.5) ? ", ok = NOT ok" : ""}
        WHERE mes = ${from.mes} AND ${someIds(dice)}`,
    )
  })
