/** Steps that change columns, storage or replica identity of a table. */
import { Effect } from "effect"
import type { SqlFailure, TestSession } from "../../../../test/support/postgres/pgClient.ts"
import type { Random } from "../../../../test/support/Random.ts"
import type { LiveColumn } from "../../../rebuild/liveTable.ts"
import { nameSql, tableSql } from "../../workload/sql.ts"
import { lookAtLeaves, lookAtTable } from "../catalog.ts"
import type { Kind } from "../kinds.ts"
import type { Place } from "../places.ts"
import { drawnTypes, drawValue } from "./values.ts"

/** Their names are in COLUMNS_EXCLUDE and COLUMNS_HASH: a rename would unmask them, as docs/columns.md says. */
export const maskedNames = ["nome", "email", "big"]

/** The same value as another type, which the server writes anew. */
const widerTypes: ReadonlyArray<readonly [RegExp, string]> = [
  [/^integer$/, "bigint"],
  [/^bigint$/, "numeric"],
  [/^(boolean|date|numeric.*)$/, "text"],
]

const freshName = (dice: Random, columns: ReadonlyArray<LiveColumn>): string => {
  const names = ["cor", "Peso; 2", "obs", "país", "user", "x"].filter(
    (name) => !columns.some((column) => column.name === name),
  )
  return names.length === 0 ? `c${dice.between(1, 1e9)}` : dice.pick(names)
}

type Statement = (dice: Random, columns: ReadonlyArray<LiveColumn>) => string | undefined

const free = (columns: ReadonlyArray<LiveColumn>): ReadonlyArray<LiveColumn> =>
  columns.filter(({ name, isKey }) => !isKey && !maskedNames.includes(name))

const ofSome =
  (
    use: (column: LiveColumn, dice: Random, columns: ReadonlyArray<LiveColumn>) => string | undefined,
  ): Statement =>
  (dice, columns) => {
    const some = free(columns)
    return some.length === 0 ? undefined : use(dice.pick(some), dice, columns)
  }

/** What follows `ALTER TABLE name`; undefined where the table has no column for it. */
const statements = {
  "add column": (dice, columns) => `ADD ${nameSql(freshName(dice, columns))} ${dice.pick(drawnTypes)}`,
  "add default": (dice, columns) => {
    const type = dice.pick(drawnTypes)
    return `ADD ${nameSql(freshName(dice, columns))} ${type} DEFAULT ${drawValue(dice, type)}`
  },
  "add volatile": (dice, columns) =>
    `ADD ${nameSql(freshName(dice, columns))} text DEFAULT clock_timestamp()::text`,
  "drop column": ofSome((column) => `DROP ${nameSql(column.name)}`),
  "rename column": ofSome(
    (column, dice, columns) => `RENAME ${nameSql(column.name)} TO ${nameSql(freshName(dice, columns))}`,
  ),
  "change type": (dice, columns) => {
    const some = free(columns).flatMap((column) => {
      const [, wider] = widerTypes.find(([type]) => type.test(column.type)) ?? []
      return wider === undefined ? [] : [{ name: nameSql(column.name), wider }]
    })
    if (some.length === 0) return undefined
    const { name, wider } = dice.pick(some)
    return `ALTER ${name} TYPE ${wider} USING ${name}::${wider}`
  },
  "column again": ofSome(
    ({ name, type }, dice) =>
      `DROP ${nameSql(name)}, ADD ${nameSql(name)} ${type} DEFAULT ${drawValue(dice, type)}`,
  ),
} satisfies Partial<Record<Kind, Statement>>

export type ColumnKind = keyof typeof statements

export const isColumnKind = (kind: Kind): kind is ColumnKind => kind in statements

export const changeColumns = (
  session: TestSession,
  place: Place,
  dice: Random,
  kind: ColumnKind,
): Effect.Effect<boolean, SqlFailure> =>
  Effect.gen(function* () {
    const look = yield* lookAtTable(session, place.table)
    const statement: Statement = statements[kind]
    const sql = look && statement(dice, look.columns)
    if (sql === undefined) return false
    yield* session.sql(`ALTER TABLE ${tableSql(place.table)} ${sql}`)
    return true
  })

/** Of a partitioned table that of one leaf: each has its own. */
export const changeIdentity = (session: TestSession, place: Place, dice: Random) =>
  Effect.gen(function* () {
    const leaves = yield* lookAtLeaves(session, tableSql(place.table))
    const table = place.isPartitioned && leaves.length > 0 ? dice.pick(leaves).table : place.table
    if ((yield* lookAtTable(session, table)) === undefined) return false
    yield* session.sql(
      `ALTER TABLE ${tableSql(table)} REPLICA IDENTITY ${dice.pick(["DEFAULT", "FULL", "FULL"])}`,
    )
    return true
  })
