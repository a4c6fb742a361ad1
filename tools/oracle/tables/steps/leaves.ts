/** Steps that change the leaves of a partitioned table. */
import { Effect } from "effect"
import type { TableName } from "../../../../src/core/source/SourceTable.ts"
import type { SqlFailure, TestSession } from "../../../../test/support/postgres/pgClient.ts"
import type { Random } from "../../../../test/support/Random.ts"
import { nameSql, tableSql } from "../../workload/sql.ts"
import { type LiveLeaf, type LiveTable, lookAtLeaves, lookAtTable } from "../catalog.ts"
import type { Kind } from "../kinds.ts"
import { archive, forMonth, leafName, months, type Place, parentOf } from "../places.ts"
import { drawValue } from "./values.ts"

interface Scene {
  readonly place: Place
  readonly dice: Random
  readonly look: LiveTable
  readonly leaves: ReadonlyArray<LiveLeaf>
  /** A value of `mes` that no leaf has; undefined where all are taken. */
  readonly free: number | undefined
}

type Statements = ReadonlyArray<string>

const inOne = (statements: Statements): Statements => [["BEGIN", ...statements, "COMMIT"].join(";")]

const rowsInto = ({ place, dice, look }: Scene, table: TableName, mes: number): string => {
  const of = (id: number) =>
    look.columns.map(({ name, type }) =>
      name === "id" ? String(id) : name === "mes" ? String(mes) : drawValue(dice, type, name === "big"),
    )
  const first = dice.between(1, 1000)
  const rows = Array.from({ length: dice.between(1, 4) }, (_, i) => `(${of(first + i).join(", ")})`)
  const into = dice.is(0.5) ? tableSql(table) : tableSql(place.table)
  return `INSERT INTO ${into} (${look.columns.map(({ name }) => nameSql(name)).join(", ")}) VALUES ${rows.join(", ")}`
}

const create = ({ place, dice }: Scene, mes: number) => {
  const table = leafName(place, mes, dice)
  return {
    table,
    sql: `CREATE TABLE ${tableSql(table)} PARTITION OF ${tableSql(parentOf(place, mes))} ${forMonth(mes)}`,
  }
}

/** A table with the root's columns in another order, and one more that was dropped. */
const createAlone = ({ place, dice, look }: Scene, mes: number) => {
  const table = leafName(place, mes, dice)
  const columns = look.columns.map(
    ({ name, type, isKey }) => `${nameSql(name)} ${type}${isKey ? " NOT NULL" : ""}`,
  )
  const name = tableSql(table)
  return {
    table,
    sql: `CREATE TABLE ${name} (foi integer, ${columns.toReversed().join(", ")}); ALTER TABLE ${name} DROP COLUMN foi`,
    attach: `ALTER TABLE ${tableSql(parentOf(place, mes))} ATTACH PARTITION ${name} ${forMonth(mes)}`,
  }
}

const withFree =
  (use: (scene: Scene, mes: number) => Statements) =>
  (scene: Scene): Statements =>
    scene.free === undefined ? [] : use(scene, scene.free)

const withLeaf =
  (use: (scene: Scene, leaf: LiveLeaf) => Statements) =>
  (scene: Scene): Statements =>
    scene.leaves.length < 2 ? [] : use(scene, scene.dice.pick(scene.leaves))

const detach = ({ table, parent }: LiveLeaf): string =>
  `ALTER TABLE ${tableSql(parent)} DETACH PARTITION ${tableSql(table)}`

/** Each text is one transaction; none where nothing can be done. */
const statements = {
  "truncate leaf": withLeaf(({ place, dice }, { table }) => [
    `TRUNCATE ${dice.is(0.2) ? tableSql(place.table) : tableSql(table)}`,
  ]),
  "new leaf": withFree((scene, mes) => [create(scene, mes).sql]),
  "new leaf in use": withFree((scene, mes) => {
    const { table, sql } = create(scene, mes)
    return inOne([sql, rowsInto(scene, table, mes), rowsInto(scene, table, mes)])
  }),
  "leaf of other order": withFree((scene, mes) => {
    const { table, sql, attach } = createAlone(scene, mes)
    return inOne([sql, attach, rowsInto(scene, table, mes)])
  }),
  "detach leaf": withLeaf((_, leaf) => [detach(leaf)]),
  "drop leaf": withLeaf((_, { table }) => [`DROP TABLE ${tableSql(table)}`]),
  "rename leaf": withLeaf(({ dice }, { table }) => [
    `ALTER TABLE ${tableSql(table)} RENAME TO ${nameSql(`${table.name.slice(0, 20)} ${dice.between(1, 1e6)}`)}`,
  ]),
  "passing leaf": withFree((scene, mes) => {
    const { table, sql } = create(scene, mes)
    return [`${sql}; ${rowsInto(scene, table, mes)}`, `DROP TABLE ${tableSql(table)}`]
  }),
} satisfies Partial<Record<Kind, (scene: Scene) => Statements>>

export type LeafKind = keyof typeof statements | "attach older"

export const isLeafKind = (kind: Kind): kind is LeafKind => kind in statements || kind === "attach older"

const openScene = Effect.fnUntraced(function* (session: TestSession, place: Place, dice: Random) {
  const look = yield* lookAtTable(session, place.table)
  if (look === undefined || !place.isPartitioned) return undefined
  const leaves = yield* lookAtLeaves(session, tableSql(place.table))
  const free = Array.from({ length: months }, (_, i) => i + 1).filter(
    (mes) => !leaves.some((leaf) => leaf.mes === mes),
  )
  const scene: Scene = { place, dice, look, leaves, free: free.length === 0 ? undefined : dice.pick(free) }
  return scene
})

/** Tables of this name's leaves that are not attached now: detached ones. */
const looseTables = (session: TestSession, { table }: Place) =>
  Effect.map(
    session.sql(
      `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND NOT c.relispartition AND n.nspname IN ($1, $2) AND starts_with(c.relname, $3) ORDER BY c.oid`,
      [table.schema, archive, `${table.name} `],
    ),
    (rows) => rows.map((row): TableName => ({ schema: row["schema"] ?? "", name: row["name"] ?? "" })),
  )

/** A detached leaf, or a table that `cdc` has had the time to see as one of its own. */
const attachOlder = Effect.fnUntraced(function* (
  session: TestSession,
  scene: Scene,
  mes: number,
  carried: Effect.Effect<void>,
) {
  const [loose] = scene.dice.is(0.6) ? yield* looseTables(session, scene.place) : []
  if (loose !== undefined) {
    const old = Number(/ (\d+) /.exec(loose.name)?.[1])
    if (scene.leaves.some((leaf) => leaf.mes === old)) return false
    const parent = tableSql(parentOf(scene.place, old))
    yield* session.sql(`ALTER TABLE ${parent} ATTACH PARTITION ${tableSql(loose)} ${forMonth(old)}`)
    return true
  }
  const { table, sql, attach } = createAlone(scene, mes)
  const { place } = scene
  yield* session.sql(`${sql}; ${rowsInto({ ...scene, place: { ...place, table } }, table, mes)}`)
  yield* carried
  yield* session.sql(attach)
  return true
})

/** False where nothing could be done. `carried` waits until `cdc` has written what is committed. */
export const changeLeaves = (
  session: TestSession,
  place: Place,
  dice: Random,
  kind: LeafKind,
  carried: Effect.Effect<void>,
): Effect.Effect<boolean, SqlFailure> =>
  Effect.gen(function* () {
    const scene = yield* openScene(session, place, dice)
    if (scene === undefined) return false
    if (kind === "attach older")
      return scene.free === undefined ? false : yield* attachOlder(session, scene, scene.free, carried)
    const texts: Statements = statements[kind](scene)
    for (const text of texts) yield* session.sql(text)
    return texts.length > 0
  })
