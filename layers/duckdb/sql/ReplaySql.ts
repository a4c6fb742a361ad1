/**
 * SQL (DuckDB's) that rebuilds a table from its copy and the changes after it; `DifferenceSql.ts` compares it with the table.
 * Rows are identified by their key. It reads three row files without headers, every value as text:
 *
 *     live     c0, c1, …                                            the table in the snapshot of the comparison
 *     copied   c0, c1, …, part                                      the `full`
 *     event    object, line, op, lsn, seq, unsent, had, part, b…, c0, …
 *                                                                   the changes that `live` contains and `copied` does not
 *
 * `c…` are cells: in a wide table some hold several columns, each as a CSV field, with a separator between them. `unsent`
 * holds the indexes of the columns with unchanged TOAST values, as `,3,5,`. `b…` are the old values of the identity, and
 * `had` is true if the WAL held them. `pos` orders the changes: `lsn` and `seq` in one number. `part` is the partition, NULL
 * for tables without: a row that moves to another one ends there and begins here, so that a partition's rows are its own.
 */
import type { ComparedTable } from "../../../src/services/lake/ComparedRows.ts"
import { cellSeparator, columnOf, columns, keys, list, numbers, readCsv, sameKey } from "./CellSql.ts"
import { type CellColumns, cells, eventHead, identityCells, keyCells } from "./Cells.ts"

export interface RowFiles {
  readonly live: string
  readonly copied: string
  readonly event: string
}

/** Of duplicates only the first row counts. */
const once = "QUALIFY row_number() OVER (PARTITION BY pos, part ORDER BY object, line) = 1"

const samePart = (of: string): string => `emptied.part IS NOT DISTINCT FROM ${of}.part`

/** Loads the three files. `doubled` is true if there are duplicate changes. */
export const loadStatements = (
  table: ComparedTable,
  files: RowFiles,
  doubled: boolean,
): ReadonlyArray<string> => {
  const own = numbers(table).map((n) => `c${n}`)
  const old = identityCells(table).map((n) => `b${n}`)
  return [
    `CREATE OR REPLACE VIEW live AS SELECT ${list(own)} FROM ${readCsv(files.live, [...own, "part"])}`,
    `CREATE OR REPLACE VIEW copied AS SELECT * FROM ${readCsv(files.copied, [...own, "part"])}`,
    `CREATE OR REPLACE TABLE event AS
       SELECT (('0x' || replace(lsn, '/', ''))::UBIGINT::HUGEINT << 32) + seq::BIGINT AS pos,
              op, unsent, had IS NOT NULL AS had, part, ${list([...old, ...own])}
         FROM ${readCsv(files.event, [...eventHead, ...old, ...own])} ${doubled ? once : ""}`,
    // A TRUNCATE deletes everything before it, in its partition if it has one.
    "CREATE OR REPLACE TABLE emptied AS SELECT part, max(pos) AS pos FROM event WHERE op = 'T' GROUP BY part",
    `DELETE FROM event WHERE EXISTS (FROM emptied WHERE ${samePart("event")} AND event.pos <= emptied.pos)`,
    `CREATE OR REPLACE VIEW base AS SELECT * FROM copied WHERE NOT EXISTS (FROM emptied WHERE ${samePart("copied")})`,
  ]
}

/** Counts the changes that do not identify their row. */
export const unidentifiedQuery = (table: ComparedTable): string => {
  const unnamed = keyCells(table)
    .map((n) => `c${n} IS NULL`)
    .join(" OR ")
  const lost = !table.followsChanges
    ? "op IN ('U', 'D')"
    : table.key.length > 0
      ? `op IN ('U', 'D') AND (${unnamed})`
      : "op = 'U' AND NOT had"
  return `SELECT count(*)::VARCHAR FROM event WHERE ${lost}`
}

/** `tail` holds the last step of every key that was changed, and whether its row still exists. */
export const stepStatements = (table: ComparedTable): ReadonlyArray<string> => {
  const moved = `op = 'U' AND had AND (${keyCells(table)
    .map((n) => `coalesce(b${n} <> c${n}, false)`)
    .join(" OR ")})`
  return [
    // A change of the key is two steps: the row begins under the new key, and ends under the old one.
    `CREATE OR REPLACE TABLE step AS
       SELECT ${list(keyCells(table).map((n) => `c${n} AS k${n}`))}, pos, op <> 'D' AS lives, op = 'I' OR (${moved}) AS begins FROM event
       UNION ALL
       SELECT ${list(keyCells(table).map((n) => `coalesce(b${n}, c${n})`))}, pos, false, false FROM event WHERE ${moved}`,
    `CREATE OR REPLACE TABLE tail AS
       SELECT ${keys(table)}, max(pos) AS pos, arg_max(lives, pos) AS lives FROM step GROUP BY ${keys(table)}`,
  ]
}

/** The columns that the last changes of existing rows did not send, each as `,3,5,`. */
export const unsentQuery = `SELECT DISTINCT unsent FROM event JOIN tail USING (pos) WHERE lives AND unsent IS NOT NULL`

export const unsentIndexes = (found: ReadonlyArray<string>): ReadonlyArray<number> =>
  [...new Set(found.flatMap((one) => one.split(",").filter((index) => index !== "")))].map(Number)

/**
 * Finds the values that the last change of a row did not send: for each column the last value that was sent for the row,
 * also under its earlier keys. `filled` holds them by the position of that last change.
 */
export const fillStatements = (
  table: ComparedTable,
  unsent: ReadonlyArray<number>,
): ReadonlyArray<string> => [
  // Each step with the position at which its row began under this key: -1 is the copy, NULL if the lake lacks the beginning.
  `CREATE OR REPLACE TABLE stay AS
     SELECT *, max(pos) FILTER (begins) OVER (PARTITION BY ${keys(table)} ORDER BY pos) AS since
       FROM (FROM step UNION ALL
             SELECT ${list(keyCells(table).map((n) => `c${n}`))}, -1, true, true FROM base
              WHERE EXISTS (FROM tail WHERE ${sameKey(table, "tail.k", "base.c")}))`,
  // The row's keys, each with the last position at which the row had it.
  `CREATE OR REPLACE TABLE chain AS WITH RECURSIVE chain AS (
     SELECT pos AS id, ${keys(table)}, since, pos AS last
       FROM tail JOIN stay USING (${list([keys(table), "pos"])}) JOIN event USING (pos)
      WHERE tail.lives AND unsent IS NOT NULL
     UNION ALL
     SELECT id, ${keys(table, "former.")}, former.since, former.pos
       FROM chain JOIN stay AS former ON former.pos = chain.since AND NOT former.begins)
   FROM chain`,
  `CREATE OR REPLACE TABLE source AS
     SELECT id, ${list(keyCells(table).map((n) => `min(chain.k${n}) FILTER (stay.pos = -1) AS k${n}`))},
            ${list(unsent.map((n) => `max(stay.pos) FILTER (stay.pos = -1 OR unsent IS NULL OR NOT contains(unsent, ',${n},')) AS p${n}`))}
       FROM chain JOIN stay ON ${sameKey(table, "chain.k", "stay.k")} AND stay.since IS NOT DISTINCT FROM chain.since AND stay.pos <= last
                  LEFT JOIN event ON event.pos = stay.pos
      WHERE stay.lives GROUP BY id`,
  `CREATE OR REPLACE TABLE filled AS
     SELECT id, ${list(unsent.map((n) => `CASE WHEN p${n} = -1 THEN ${columnOf(table, "base.", n)} ELSE ${columnOf(table, `e${n}.`, n)} END AS m${n}`))}
       FROM source LEFT JOIN base ON ${sameKey(table, "source.k", "base.c")}
            ${unsent.map((n) => `LEFT JOIN event AS e${n} ON e${n}.pos = p${n}`).join(" ")}`,
]

/** The table as the lake contains it. */
export const rebuiltStatement = (table: ComparedTable, unsent: ReadonlyArray<number>): string => {
  const value = (index: number) =>
    unsent.includes(index)
      ? `CASE WHEN coalesce(contains(unsent, ',${index},'), false) THEN m${index} ELSE ${columnOf(table, "event.", index)} END`
      : columnOf(table, "event.", index)
  // A value of a shared cell that the lake does not have is NULL, which is an empty field there.
  const shared = (cell: CellColumns) =>
    `array_to_string([${list(cell.map((index) => `coalesce(${value(index)}, '')`))}], ${cellSeparator})`
  const cellOf = (cell: CellColumns, n: number) =>
    !cell.some((index) => unsent.includes(index))
      ? `event.c${n}`
      : `${cell.length === 1 ? value(cell[0] ?? -1) : shared(cell)} AS c${n}`
  return `CREATE OR REPLACE VIEW rebuilt AS
    SELECT ${columns(table)} FROM base WHERE NOT EXISTS (FROM tail WHERE ${sameKey(table, "tail.k", "base.c")})
    UNION ALL
    SELECT ${list(cells(table).map(cellOf))}
      FROM tail JOIN event USING (pos) ${unsent.length > 0 ? "LEFT JOIN filled ON id = pos" : ""} WHERE lives`
}
