/**
 * SQL (DuckDB's) that rebuilds a table from its copy and the changes after it, and compares it with the table. Rows are told
 * apart by their key. It reads three files of rows without headers, every value as text:
 *
 *     live     c0, c1, …                                            the table at the moment of the comparison
 *     copied   c0, c1, …                                            the `full`
 *     event    object, line, op, lsn, seq, unsent, had, b…, c0, …   the changes that the first has seen and the second not
 *
 * `unsent` names the places of the columns that were not sent, as `,3,5,`; `b…` are the old values of the identity where
 * the log told them, and `had` tells whether it did. In the statements `pos` orders the changes: position and number in one.
 */
import type { ComparedTable } from "./ComparedTable.ts"
import { columnCount, eventHead, identityPlaces } from "./ComparedTable.ts"

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Rows are made no longer: see `ComparableRows.ts`. In bytes. */
const maxLineBytes = 2 * 1024 * 1024

/** The dialect of `Csv.ts`, without line breaks in values: so each thread can find where a row begins. */
const readCsv = (path: string, columns: ReadonlyArray<string>): string =>
  `read_csv(${literal(path)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', nullstr = '',
     allow_quoted_nulls = false, new_line = '\\n', max_line_size = ${maxLineBytes}, buffer_size = ${2 * maxLineBytes},
     columns = {${columns.map((name) => `${name}: 'VARCHAR'`).join(", ")}})`

/** Places of all columns. */
const places = (table: ComparedTable): ReadonlyArray<number> =>
  Array.from({ length: columnCount(table) }, (_, place) => place)

const list = (names: ReadonlyArray<string>): string => names.join(", ")
const columns = (table: ComparedTable, of = ""): string => list(places(table).map((n) => `${of}c${n}`))
const keys = (table: ComparedTable, of = ""): string => list(table.key.map((n) => `${of}k${n}`))
const sameKey = (table: ComparedTable, a: string, b: string): string =>
  table.key.map((n) => `${a}${n} = ${b}${n}`).join(" AND ")

export interface RowFiles {
  readonly live: string
  readonly copied: string
  readonly event: string
}

/** What stood twice is taken once, where it stood first. */
const once = "QUALIFY row_number() OVER (PARTITION BY pos ORDER BY object, line) = 1"

/** The three as tables. `doubled` tells that changes stand twice. */
export const loadStatements = (
  table: ComparedTable,
  files: RowFiles,
  doubled: boolean,
): ReadonlyArray<string> => {
  const own = places(table).map((n) => `c${n}`)
  const old = identityPlaces(table).map((n) => `b${n}`)
  return [
    `CREATE OR REPLACE VIEW live AS SELECT * FROM ${readCsv(files.live, own)}`,
    `CREATE OR REPLACE VIEW copied AS SELECT * FROM ${readCsv(files.copied, own)}`,
    `CREATE OR REPLACE TABLE event AS
       SELECT (('0x' || replace(lsn, '/', ''))::UBIGINT::HUGEINT << 32) + seq::BIGINT AS pos,
              op, unsent, had IS NOT NULL AS had, ${list([...old, ...own])}
         FROM ${readCsv(files.event, [...eventHead, ...old, ...own])} ${doubled ? once : ""}`,
    // A TRUNCATE takes away everything before it.
    "CREATE OR REPLACE TABLE emptied AS SELECT max(pos) AS pos FROM event WHERE op = 'T'",
    "DELETE FROM event WHERE pos <= (SELECT pos FROM emptied)",
    `CREATE OR REPLACE VIEW base AS SELECT * FROM copied WHERE (SELECT pos FROM emptied) IS NULL`,
  ]
}

/** Gives the room back before the next table. */
export const clearStatements = [
  "event",
  "emptied",
  "step",
  "tail",
  "stay",
  "chain",
  "source",
  "mended",
  "place",
].map((name) => `DROP TABLE IF EXISTS ${name}`)

/** How many changes do not say which row they are about. */
export const unfollowedQuery = (table: ComparedTable): string => {
  const unnamed = table.key.map((n) => `c${n} IS NULL`).join(" OR ")
  const lost = !table.followsChanges
    ? "op IN ('U', 'D')"
    : table.key.length > 0
      ? `op IN ('U', 'D') AND (${unnamed})`
      : "op = 'U' AND NOT had"
  return `SELECT count(*)::VARCHAR FROM event WHERE ${lost}`
}

/** Where each key went: `tail` has the last step of every key that was touched, and whether its row lives. */
export const stepStatements = (table: ComparedTable): ReadonlyArray<string> => {
  const moved = `op = 'U' AND had AND (${table.key.map((n) => `coalesce(b${n} <> c${n}, false)`).join(" OR ")})`
  return [
    // A change of the key is one step for the new key, where a life begins, and one for the old.
    `CREATE OR REPLACE TABLE step AS
       SELECT ${list(table.key.map((n) => `c${n} AS k${n}`))}, pos, op <> 'D' AS lives, op = 'I' OR (${moved}) AS begins FROM event
       UNION ALL
       SELECT ${list(table.key.map((n) => `coalesce(b${n}, c${n})`))}, pos, false, false FROM event WHERE ${moved}`,
    `CREATE OR REPLACE TABLE tail AS
       SELECT ${keys(table)}, max(pos) AS pos, arg_max(lives, pos) AS lives FROM step GROUP BY ${keys(table)}`,
  ]
}

/** The places that the last changes of living rows left unsent, each as `,3,5,`. */
export const unsentQuery = `SELECT DISTINCT unsent FROM event JOIN tail USING (pos) WHERE lives AND unsent IS NOT NULL`

export const unsentPlaces = (found: ReadonlyArray<string>): ReadonlyArray<number> =>
  [...new Set(found.flatMap((one) => one.split(",").filter((place) => place !== "")))].map(Number)

/**
 * Values that the last change of a row did not send: for each column the last one that was sent in the row's life, and in
 * the lives that it had under other keys. `mended` has them by the position of that last change.
 */
export const mendStatements = (
  table: ComparedTable,
  unsent: ReadonlyArray<number>,
): ReadonlyArray<string> => [
  // Each step with where its life began: -1 is the copy, and none where the lake does not have the beginning.
  `CREATE OR REPLACE TABLE stay AS
     SELECT *, max(pos) FILTER (begins) OVER (PARTITION BY ${keys(table)} ORDER BY pos) AS since
       FROM (FROM step UNION ALL
             SELECT ${list(table.key.map((n) => `c${n}`))}, -1, true, true FROM base
              WHERE EXISTS (FROM tail WHERE ${sameKey(table, "tail.k", "base.c")}))`,
  `CREATE OR REPLACE TABLE chain AS WITH RECURSIVE chain AS (
     SELECT pos AS id, ${keys(table)}, since
       FROM tail JOIN stay USING (${list([keys(table), "pos"])}) JOIN event USING (pos)
      WHERE tail.lives AND unsent IS NOT NULL
     UNION ALL
     SELECT id, ${keys(table, "former.")}, former.since
       FROM chain JOIN stay AS former ON former.pos = chain.since AND NOT former.begins)
   FROM chain`,
  `CREATE OR REPLACE TABLE source AS
     SELECT id, ${list(table.key.map((n) => `min(chain.k${n}) FILTER (stay.pos = -1) AS k${n}`))},
            ${list(unsent.map((n) => `max(stay.pos) FILTER (stay.pos = -1 OR unsent IS NULL OR NOT contains(unsent, ',${n},')) AS p${n}`))}
       FROM chain JOIN stay ON ${sameKey(table, "chain.k", "stay.k")} AND stay.since IS NOT DISTINCT FROM chain.since
                  LEFT JOIN event ON event.pos = stay.pos
      WHERE stay.lives GROUP BY id`,
  `CREATE OR REPLACE TABLE mended AS
     SELECT id, ${list(unsent.map((n) => `CASE WHEN p${n} = -1 THEN base.c${n} ELSE e${n}.c${n} END AS m${n}`))}
       FROM source LEFT JOIN base ON ${sameKey(table, "source.k", "base.c")}
            ${unsent.map((n) => `LEFT JOIN event AS e${n} ON e${n}.pos = p${n}`).join(" ")}`,
]

/** The table as the lake tells it. */
export const rebuiltStatement = (table: ComparedTable, unsent: ReadonlyArray<number>): string => {
  const value = (n: number) =>
    unsent.includes(n)
      ? `CASE WHEN coalesce(contains(unsent, ',${n},'), false) THEN m${n} ELSE event.c${n} END AS c${n}`
      : `event.c${n}`
  return `CREATE OR REPLACE VIEW rebuilt AS
    SELECT ${columns(table)} FROM base WHERE NOT EXISTS (FROM tail WHERE ${sameKey(table, "tail.k", "base.c")})
    UNION ALL
    SELECT ${list(places(table).map(value))}
      FROM tail JOIN event USING (pos) ${unsent.length > 0 ? "LEFT JOIN mended ON id = pos" : ""} WHERE lives`
}

const others = (table: ComparedTable): ReadonlyArray<number> =>
  places(table).filter((n) => !table.key.includes(n))

/**
 * The keys that differ. Rows are compared by a hash of 64 bits, so that the join holds keys and hashes and not whole
 * tables: that it passes by a difference is as likely as to guess such a number.
 */
export const differingStatement = (table: ComparedTable): string => {
  const digest = `hash(${list(others(table).map((n) => `c${n}`))}) AS digest`
  const narrow = (from: string) => `(SELECT ${list([...table.key.map((n) => `c${n}`), digest])} FROM ${from})`
  return `CREATE OR REPLACE TABLE differing AS
    SELECT CASE WHEN r.digest IS NULL THEN 'missing' WHEN l.digest IS NULL THEN 'extra' ELSE 'different' END AS kind,
           ${list(table.key.map((n) => `coalesce(l.c${n}, r.c${n}) AS k${n}`))}
      FROM ${narrow("live")} AS l FULL JOIN ${narrow("rebuilt")} AS r ON ${sameKey(table, "l.c", "r.c")}
     WHERE l.digest IS DISTINCT FROM r.digest`
}

export const differentCount = "SELECT count(*)::VARCHAR FROM differing WHERE kind = 'different'"

/** The rows on both sides that have the same key and differ: apart, so that nothing larger is joined. */
export const partStatements = (table: ComparedTable): ReadonlyArray<string> =>
  ["live", "rebuilt"].map(
    (from) => `CREATE OR REPLACE TABLE part_of_${from} AS
      SELECT * FROM ${from}
       WHERE EXISTS (FROM differing WHERE kind = 'different' AND ${sameKey(table, "differing.k", `${from}.c`)})`,
  )

/** The keys that are on one side only, with their kind. */
export const oneSided = (table: ComparedTable): string =>
  `SELECT kind, ${keys(table)} FROM differing WHERE kind <> 'different' ORDER BY kind, ${keys(table)}`

/** The keys of rows that differ, with the places of the columns in which they do as `3,5`. */
export const differentColumns = (table: ComparedTable): string => {
  const differs = (n: number) => `CASE WHEN l.c${n} IS DISTINCT FROM r.c${n} THEN '${n}' END`
  const keyOf = list(table.key.map((n) => `l.c${n}`))
  return `SELECT concat_ws(',', ${list(others(table).map(differs))}), ${keyOf}
    FROM part_of_live AS l JOIN part_of_rebuilt AS r ON ${sameKey(table, "l.c", "r.c")} ORDER BY ${keyOf}`
}

/**
 * Of rows without a key: how often more (or less) the lake has each, and a digest to tell them apart. Their order does
 * not matter: what was inserted is there once more, and what was deleted once less.
 */
export const countedDifferences = (table: ComparedTable): string => {
  const old = list(places(table).map((n) => (n < table.columns.length ? `b${n}` : "NULL")))
  return `
    SELECT CASE WHEN sum(times) > 0 THEN 'extra' ELSE 'missing' END AS kind, abs(sum(times))::VARCHAR AS times,
           md5(concat_ws(',', ${list(places(table).map((n) => `coalesce(length(c${n}) || ':' || c${n}, '')`))})) AS digest
      FROM (SELECT -1 AS times, ${columns(table)} FROM live
            UNION ALL SELECT 1, ${columns(table)} FROM base
            UNION ALL SELECT CASE op WHEN 'D' THEN -1 ELSE 1 END, ${columns(table)} FROM event WHERE op <> 'T'
            ${table.followsChanges ? `UNION ALL SELECT -1, ${old} FROM event WHERE op = 'U'` : ""})
     GROUP BY ${columns(table)} HAVING sum(times) <> 0 ORDER BY kind, digest`
}

/** All changes of a dataset with where they stand, to find those that stand twice. */
export const loadPlaces = (path: string): ReadonlyArray<string> => [
  `CREATE OR REPLACE TABLE place AS SELECT object::INTEGER AS object, line::BIGINT AS line, lsn, seq::BIGINT AS seq
     FROM ${readCsv(path, ["object", "line", "lsn", "seq"])}`,
]

/** The first row of each object that stands after one that it should stand before; those that stand twice are no matter here. */
export const disorderedQuery = `
  SELECT object::VARCHAR, min(line)::VARCHAR
    FROM (SELECT object, line, spot, max(spot) OVER (ORDER BY object, line ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest
            FROM (SELECT object, line, (('0x' || replace(lsn, '/', ''))::UBIGINT::HUGEINT << 32) + seq AS spot FROM place
                 QUALIFY row_number() OVER (PARTITION BY lsn, seq ORDER BY object, line) = 1))
   WHERE spot < latest GROUP BY object ORDER BY object`

/** Per change that stands twice: position, number, and where as `object:line,…`. */
export const doubledQuery = `
  SELECT lsn, seq::VARCHAR, string_agg(object || ':' || line, ',' ORDER BY object, line)
    FROM place GROUP BY lsn, seq HAVING count(*) > 1 ORDER BY lsn, place.seq`
