/** Random tables: what they are made of, and the statements that make them. */

import type { TableName } from "../../../src/core/source/SourceTable.ts"
import type { Random } from "../../../test/support/Random.ts"
import { distinctNames, hostileText } from "../values/hostileText.ts"
import type { World } from "../world.ts"
import { nameSql, tableSql, textSql } from "./sql.ts"

/** A column whose value the table makes of another. */
const generated = (name: string, type: string, of: string, how: string): string | undefined => {
  const from = nameSql(of)
  switch (type) {
    case "integer":
      return `${nameSql(name)} bigint GENERATED ALWAYS AS (${from}::bigint * 2) ${how}`
    case "numeric":
      return `${nameSql(name)} numeric GENERATED ALWAYS AS (${from} * 3) ${how}`
    case "text":
      return `${nameSql(name)} text GENERATED ALWAYS AS (${from} || ${textSql("'\"!")}) ${how}`
    default:
      return undefined
  }
}

const typicalCount = (dice: Random): number =>
  dice.is(0.7)
    ? dice.between(1, 9)
    : dice.pick([0, dice.between(10, 25), dice.between(10, 25), dice.between(60, 150)])

/** The statements that make a table of that name, each a new draw. */
export const createTable = (dice: Random, world: World, table: TableName): ReadonlyArray<string> => {
  const columns = distinctNames(dice, world.encoding, typicalCount(dice)).map((name) => ({
    name,
    kind: dice.pick(world.kinds),
  }))
  const keyKinds = world.kinds.filter(
    (kind) => kind.isKey && /^(integer|bigint|text|uuid|character varying|timestamp|numeric)/.test(kind.type),
  )
  const keyable = columns.filter(({ kind }) => kind.isKey)
  const extra = columns.length > 0 && dice.is(0.6) ? [{ name: "chave", kind: dice.pick(keyKinds) }] : []
  const key = [...extra, ...(dice.is(0.4) ? keyable.slice(0, 2) : [])].filter(() => columns.length > 0)
  if (dice.is(0.5)) key.reverse()
  const all = dice.is(0.5) ? [...extra, ...columns] : [...columns, ...extra]
  const made = columns.flatMap(({ name, kind }) => {
    const sql = dice.is(0.4)
      ? generated(`${[...name].slice(0, 8).join("")} 2x`, kind.type, name, dice.pick(world.generated))
      : undefined
    return sql === undefined ? [] : [sql]
  })
  const identityColumn =
    columns.length > 0 && dice.is(0.2) ? [`"nº" bigint GENERATED ALWAYS AS IDENTITY`] : []
  const parts = [
    ...all.map(({ name, kind }) => `${nameSql(name)} ${kind.type}`),
    ...(world.encoding === "UTF8" ? identityColumn : []),
    ...new Set(made),
    ...(columns.length > 3 && dice.is(0.4) ? ["sumiu integer"] : []),
  ]
  const primary = key.length > 0 && dice.is(0.8)
  const name = tableSql(table)
  return [
    `CREATE TABLE ${name} (${[...parts, ...(primary ? [`PRIMARY KEY (${key.map((column) => nameSql(column.name)).join(", ")})`] : [])].join(", ")})`,
    ...(parts.includes("sumiu integer") ? [`ALTER TABLE ${name} DROP COLUMN sumiu`] : []),
    ...(dice.is(0.4)
      ? [
          replicaIdentity(
            dice,
            table,
            key.map((column) => column.name),
          ),
        ]
      : []),
    ...all
      .filter(({ kind }) => /^(text|character varying|bytea|numeric)$/.test(kind.type) && dice.is(0.4))
      .map((column) => `ALTER TABLE ${name} ALTER ${nameSql(column.name)} SET STORAGE EXTERNAL`),
  ]
}

/** Several statements, which a session must run as one. */
export const replicaIdentity = (dice: Random, table: TableName, key: ReadonlyArray<string>): string => {
  const name = tableSql(table)
  const index = `i${dice.between(0, 1e9)}`
  const choice = dice.weighted({ DEFAULT: 2, FULL: 4, NOTHING: 1, index: key.length > 0 ? 3 : 0 })
  return choice === "index"
    ? `${key.map((column) => `ALTER TABLE ${name} ALTER ${nameSql(column)} SET NOT NULL`).join("; ")};
       CREATE UNIQUE INDEX ${index} ON ${name} (${key.map(nameSql).join(", ")});
       ALTER TABLE ${name} REPLICA IDENTITY USING INDEX ${index}`
    : `ALTER TABLE ${name} REPLICA IDENTITY ${choice}`
}

/** One `ALTER TABLE` that changes the columns of a table, which has these. */
export const alterColumns = (
  dice: Random,
  world: World,
  table: TableName,
  columns: ReadonlyArray<{ readonly name: string; readonly type: string }>,
): string => {
  const alter = `ALTER TABLE ${tableSql(table)}`
  const [fresh = "novo"] = distinctNames(
    dice,
    world.encoding,
    1,
    columns.map(({ name }) => name),
  )
  const added = `${alter} ADD ${nameSql(fresh)}`
  const some = columns.length === 0 ? undefined : dice.pick(columns)
  const choice = dice.weighted({
    add: 3,
    default: 3,
    made: 1,
    drop: some ? 3 : 0,
    rename: some ? 3 : 0,
    retype: some ? 3 : 0,
    readd: some ? 1 : 0,
  })
  const old = nameSql(some?.name ?? "")
  switch (choice) {
    case "add":
      return `${added} ${dice.pick(world.kinds).type}`
    case "default": {
      const kind = dice.pick(world.kinds)
      return dice.is(0.3)
        ? `${added} text DEFAULT clock_timestamp()::text`
        : `${added} ${kind.type} DEFAULT ${textSql(kind.draw(dice, "short"))}`
    }
    case "made":
      return `${added} text GENERATED ALWAYS AS (${textSql(hostileText(dice, world.encoding, "short"))}) STORED`
    case "drop":
      return `${alter} DROP ${old} CASCADE`
    case "rename":
      return `${alter} RENAME ${old} TO ${nameSql(fresh)}`
    case "retype":
      return some?.type === "integer"
        ? `${alter} ALTER ${old} TYPE bigint`
        : `${alter} ALTER ${old} TYPE text USING ${old}::text`
    case "readd":
      return `${alter} DROP ${old} CASCADE; ${added.replace(nameSql(fresh), () => old)} ${some?.type ?? "text"}`
  }
}
