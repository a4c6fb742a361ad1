/** SQL (DuckDB's) over the positions of a dataset's changes: finds duplicates, and rows that are out of order. */
import { readCsv } from "./CellSql.ts"

/** Object and line, position, and a digest of header and row. */
export const locationHead = ["object", "line", "lsn", "seq", "part", "digest"] as const

/** Loads all changes of a dataset. */
export const loadLocations = (path: string): ReadonlyArray<string> => [
  `CREATE OR REPLACE TABLE change_position AS
     SELECT object::INTEGER AS object, line::BIGINT AS line, lsn, seq::BIGINT AS seq, part, digest
       FROM ${readCsv(path, locationHead)}`,
]

/** The first row of each object that is older than a row before it. Of duplicates only the first one counts. */
export const disorderedQuery = `
  SELECT object::VARCHAR, min(line)::VARCHAR
    FROM (SELECT object, line, spot, max(spot) OVER (ORDER BY object, line ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest
            FROM (SELECT object, line, (('0x' || replace(lsn, '/', ''))::UBIGINT::HUGEINT << 32) + seq AS spot FROM change_position
                 QUALIFY row_number() OVER (PARTITION BY lsn, seq, part ORDER BY object, line) = 1))
   WHERE spot < latest GROUP BY object ORDER BY object`

/** Per duplicate change: `_lsn`, `_seq`, and its rows as `object:line,…`. */
export const doubledQuery = `
  SELECT lsn, seq::VARCHAR, string_agg(object || ':' || line, ',' ORDER BY object, line)
    FROM change_position GROUP BY lsn, seq, part HAVING count(*) > 1 ORDER BY lsn, change_position.seq, part`

/** The changes of the objects that share at least one with another object. */
export const sharedStatements: ReadonlyArray<string> = [
  `CREATE OR REPLACE TABLE shared AS
     SELECT DISTINCT object, lsn, seq, coalesce(part, '') AS part, digest FROM change_position
      WHERE object IN (SELECT object FROM change_position JOIN (SELECT lsn, seq FROM change_position GROUP BY ALL HAVING count(DISTINCT object) > 1)
                         USING (lsn, seq))`,
]

/**
 * Objects whose rows are all in other objects too, with the same values. Each comes with its number of rows and the other
 * objects as `1,2`: the smallest first, and of two equal ones the later one.
 */
export const coveredQuery = `
  SELECT object::VARCHAR, count(*)::VARCHAR, array_to_string(list_sort(list_distinct(flatten(list(others))))::VARCHAR[], ',')
    FROM (SELECT object, list_filter(holders, lambda one: one <> object) AS others
            FROM shared JOIN (SELECT lsn, seq, part, digest, list(object) AS holders FROM shared GROUP BY ALL)
              USING (lsn, seq, part, digest)) AS one
   GROUP BY one.object HAVING bool_and(len(others) > 0) ORDER BY count(*), one.object DESC`

/** Removes the object from the queries. */
export const takenOutStatements = (object: number): ReadonlyArray<string> => [
  `DELETE FROM change_position WHERE object = ${object}`,
  `DELETE FROM shared WHERE object = ${object}`,
]

/** The duplicates that are left, by their objects as `1,2`: how many changes, and how many of them differ in their values. */
export const sharesQuery = `
  SELECT objects, count(*)::VARCHAR, (count(*) FILTER (versions > 1))::VARCHAR
    FROM (SELECT array_to_string(list_sort(list_distinct(list(object)))::VARCHAR[], ',') AS objects, count(DISTINCT digest) AS versions
            FROM change_position GROUP BY lsn, seq, part HAVING count(*) > 1)
   GROUP BY objects ORDER BY objects`
