/** Statements that change rows, each with what the server says of every row it changed. */
import { Effect } from "effect"
import type { SqlFailure, TextRow } from "../../../test/support/postgres/pgClient.ts"
import type { Random } from "../../../test/support/Random.ts"
import { hostileText } from "../values/hostileText.ts"
import { type Column, type Look, lookAt } from "../verdict/tableLook.ts"
import { columnList, valuesOf, type Witnessed } from "../verdict/witness.ts"
import { nameSql, tableSql, textSql } from "./sql.ts"
import type { Pen, Place } from "./writer.ts"

type Told = Effect.Effect<ReadonlyArray<Witnessed>, SqlFailure>

interface Target {
  readonly name: string
  readonly dataset: string | undefined
  readonly look: Look
}

/** A table that is there, now and then one that was taken away: nobody follows it under its other name. */
const someTable = Effect.fnUntraced(function* ({ session, dice, places }: Pen) {
  const place = dice.pick(places)
  const { table, dataset }: Pick<Place, "table" | "dataset"> = dice.is(0.05) ? { table: place.away } : place
  const look = yield* lookAt(session, table)
  return look && { name: tableSql(table), dataset, look }
})

const withTable =
  (use: (pen: Pen, target: Target) => Told) =>
  (pen: Pen): Told =>
    Effect.flatMap(someTable(pen), (target) => (target === undefined ? Effect.succeed([]) : use(pen, target)))

/** Changes of a table without a dataset are nobody's. */
const told = (
  target: Target,
  changes: ReadonlyArray<Omit<Witnessed, "dataset" | "look">>,
): ReadonlyArray<Witnessed> =>
  target.dataset === undefined
    ? []
    : changes.map((change) => ({ ...change, dataset: target.dataset ?? "", look: target.look }))

const draw = ({ dice, world }: Pen, column: Column): string => {
  const kind = world.kindOf(column.type)
  if (kind === undefined) throw new Error(`no values are known of the type ${column.type}`)
  if (!column.isRequired && dice.is(0.15)) return "NULL"
  return textSql(kind.draw(dice, column.isKey ? "short" : "any"))
}

export const insertRows = withTable((pen, target) => {
  const { dice, session } = pen
  const { columns } = target.look
  const given = columns.filter((column) => !column.isMade)
  const rowSql = () =>
    `(${given.map((column) => (dice.is(0.1) && !column.isRequired ? "DEFAULT" : draw(pen, column))).join(", ")})`
  const rows = Array.from({ length: dice.between(1, 4) }, rowSql)
  const values =
    given.length === 0
      ? "DEFAULT VALUES"
      : `(${given.map(({ name }) => nameSql(name)).join(", ")}) VALUES ${rows.join(", ")}`
  return Effect.map(
    session.sql(`INSERT INTO ${target.name} AS t ${values} RETURNING 1${columnList(columns, "t")}`),
    (made) =>
      told(
        target,
        made.map((row) => ({ op: "I", row: valuesOf(columns, row) })),
      ),
  )
})

/** Rows that no other session has locked, locked by us. */
const lockRows = ({ session, dice }: Pen, { name, look }: Target) =>
  session.sql(
    `SELECT t.ctid AS at${columnList(look.columns, "t")} FROM ONLY ${name} AS t ORDER BY t.ctid
      OFFSET ${dice.between(0, 6)} LIMIT ${dice.between(1, 4)} FOR UPDATE SKIP LOCKED`,
  )

const places = (rows: ReadonlyArray<TextRow>): string =>
  `(VALUES ${rows.map((row) => `('${row["at"]}'::tid)`).join(", ")}) AS o(at)`

/** What each column becomes; itself now and then, which changes nothing. */
const assignments = (pen: Pen, columns: ReadonlyArray<Column>, dice: Random) => {
  const chosen = columns.filter((column) => !column.isMade && dice.is(column.isKey ? 0.15 : 0.35))
  return chosen.map((column) => ({
    column,
    value: dice.is(0.1) ? `t.${nameSql(column.name)}` : draw(pen, column),
  }))
}

export const updateRows = withTable((pen, target) =>
  Effect.gen(function* () {
    const { columns } = target.look
    const set = assignments(pen, columns, pen.dice)
    const old = yield* lockRows(pen, target)
    if (set.length === 0 || old.length === 0) return []
    const rows = yield* pen.session.sql(
      `UPDATE ONLY ${target.name} AS t SET ${set.map(({ column, value }) => `${nameSql(column.name)} = ${value}`).join(", ")}
         FROM ${places(old)} WHERE t.ctid = o.at RETURNING o.at AS at${columnList(columns, "t")}`,
    )
    const before = new Map(old.map((row) => [row["at"], valuesOf(columns, row)]))
    const assigned = new Set(
      set.filter(({ value }) => !value.startsWith("t.")).map(({ column }) => column.name),
    )
    return told(
      target,
      rows.map((row) => ({
        op: "U",
        row: valuesOf(columns, row),
        old: before.get(row["at"] ?? null) ?? [],
        assigned,
      })),
    )
  }),
)

export const deleteRows = withTable((pen, target) =>
  Effect.gen(function* () {
    const { columns } = target.look
    const old = yield* lockRows(pen, target)
    if (old.length === 0) return []
    const rows = yield* pen.session.sql(
      `DELETE FROM ONLY ${target.name} AS t USING ${places(old)} WHERE t.ctid = o.at RETURNING o.at AS at`,
    )
    const before = new Map(old.map((row) => [row["at"], valuesOf(columns, row)]))
    return told(
      target,
      rows.map((row) => ({ op: "D", row: before.get(row["at"] ?? null) ?? [] })),
    )
  }),
)

export const truncateTables = Effect.fnUntraced(function* ({ session, dice, places }: Pen) {
  const chosen: Array<{ readonly place: Place; readonly look: Look }> = []
  for (const place of places) {
    const look = dice.is(0.5) ? yield* lookAt(session, place.table) : undefined
    if (look !== undefined) chosen.push({ place, look })
  }
  if (chosen.length === 0) return []
  const names = chosen.map(({ place }) => tableSql(place.table)).join(", ")
  yield* session.sql(
    `TRUNCATE ONLY ${names} ${dice.pick(["", "RESTART IDENTITY", "CASCADE", "RESTART IDENTITY CASCADE"])}`,
  )
  return chosen.flatMap(
    ({ place: { dataset }, look }): ReadonlyArray<Witnessed> =>
      dataset === undefined ? [] : [{ op: "T", dataset, look, row: [] }],
  )
})

export const emitMessage = Effect.fnUntraced(function* ({ session, dice, world }: Pen) {
  const text = () => textSql(hostileText(dice, world.encoding, "short"))
  const content = dice.is(0.3) ? `'\\x00c3ff00'::bytea` : text()
  yield* session.sql(`SELECT pg_logical_emit_message(${dice.is(0.5)}, ${text()}, ${content})`)
  return []
})
