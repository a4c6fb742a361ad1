/** SQL (DuckDB's) that compares the table `live` with `rebuilt`, or with the tables of `ReplaySql.ts`, and lists differences. */
import type { ComparedTable } from "../../../src/services/lake/ComparedRows.ts"
import { columns, keys, list, numbers, others, sameKey, valuesIn } from "./CellSql.ts"
import { cells, identityCells, keyCells } from "./Cells.ts"

/**
 * The keys whose rows differ. Compares rows by a hash of 64 bits, so that the join holds keys and hashes and not whole
 * tables. A difference is missed with the probability of guessing such a number.
 */
export const differingStatement = (table: ComparedTable): string => {
  const compared = others(table).map((n) => `c${n}`)
  // If every column belongs to the key, rows with equal keys are equal.
  const digest = `${compared.length > 0 ? `hash(${list(compared)})` : "true"} AS digest`
  const narrow = (from: string) =>
    `(SELECT ${list([...keyCells(table).map((n) => `c${n}`), digest])} FROM ${from})`
  return `CREATE OR REPLACE TABLE differing AS
    SELECT CASE WHEN r.digest IS NULL THEN 'missing' WHEN l.digest IS NULL THEN 'extra' ELSE 'different' END AS kind,
           ${list(keyCells(table).map((n) => `coalesce(l.c${n}, r.c${n}) AS k${n}`))}
      FROM ${narrow("live")} AS l FULL JOIN ${narrow("rebuilt")} AS r ON ${sameKey(table, "l.c", "r.c")}
     WHERE l.digest IS DISTINCT FROM r.digest`
}

export const differentCount = "SELECT count(*)::VARCHAR FROM differing WHERE kind = 'different'"

/** Copies the rows that have equal keys and differ into tables of their own, so that nothing larger is joined. */
export const partStatements = (table: ComparedTable): ReadonlyArray<string> =>
  ["live", "rebuilt"].map(
    (from) => `CREATE OR REPLACE TABLE part_of_${from} AS
      SELECT * FROM ${from}
       WHERE EXISTS (FROM differing WHERE kind = 'different' AND ${sameKey(table, "differing.k", `${from}.c`)})`,
  )

/** The keys that are on one side only, with their kind. */
export const oneSided = (table: ComparedTable): string =>
  `SELECT kind, ${keys(table)} FROM differing WHERE kind <> 'different' ORDER BY kind, ${keys(table)}`

/** The keys of rows that differ, with the indexes of the differing columns as `3,5`. */
export const differentColumns = (table: ComparedTable): string => {
  const all = cells(table)
  const differs = (n: number) => {
    const cell = all[n] ?? []
    const different =
      cell.length === 1
        ? `'${cell[0]}'`
        : `array_to_string(list_filter([${list(cell.map(String))}], lambda number, i:
             ${valuesIn(`l.c${n}`)}[i] IS DISTINCT FROM ${valuesIn(`r.c${n}`)}[i]), ',')`
    return `CASE WHEN l.c${n} IS DISTINCT FROM r.c${n} THEN ${different} END`
  }
  const keyOf = list(keyCells(table).map((n) => `l.c${n}`))
  return `SELECT concat_ws(',', ${list(others(table).map(differs))}), ${keyOf}
    FROM part_of_live AS l JOIN part_of_rebuilt AS r ON ${sameKey(table, "l.c", "r.c")} ORDER BY ${keyOf}`
}

/**
 * For rows without a key: how many more (or fewer) of each the lake has, with a digest of the row. Order does not matter: an
 * insert adds one, and a delete takes one away.
 */
export const countedDifferences = (table: ComparedTable): string => {
  const identity = identityCells(table)
  const old = list(numbers(table).map((n) => (identity.includes(n) ? `b${n}` : "NULL")))
  return `
    SELECT CASE WHEN sum(times) > 0 THEN 'extra' ELSE 'missing' END AS kind, abs(sum(times))::VARCHAR AS times,
           md5(concat_ws(',', ${list(numbers(table).map((n) => `coalesce(length(c${n}) || ':' || c${n}, '')`))})) AS digest
      FROM (SELECT -1 AS times, ${columns(table)} FROM live
            UNION ALL SELECT 1, ${columns(table)} FROM base
            UNION ALL SELECT CASE op WHEN 'D' THEN -1 ELSE 1 END, ${columns(table)} FROM event WHERE op <> 'T'
            ${table.followsChanges ? `UNION ALL SELECT -1, ${old} FROM event WHERE op = 'U'` : ""})
     GROUP BY ${columns(table)} HAVING sum(times) <> 0 ORDER BY kind, digest`
}
