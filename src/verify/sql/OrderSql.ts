/** SQL (DuckDB's) over where every change of a dataset stands: what stands twice, and what stands out of order. */
import { readCsv } from "./CellSql.ts"

/** All changes of a dataset with where they stand, and a digest of each one's header and row. */
export const loadPlaces = (path: string): ReadonlyArray<string> => [
  `CREATE OR REPLACE TABLE place AS
     SELECT object::INTEGER AS object, line::BIGINT AS line, lsn, seq::BIGINT AS seq, digest
       FROM ${readCsv(path, ["object", "line", "lsn", "seq", "digest"])}`,
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

/** Only the objects that share a change with another, and how often each of their rows stands. */
export const sharedStatements: ReadonlyArray<string> = [
  `CREATE OR REPLACE TABLE shared AS
     SELECT DISTINCT object, lsn, seq, digest FROM place
      WHERE object IN (SELECT object FROM place JOIN (SELECT lsn, seq FROM place GROUP BY ALL HAVING count(DISTINCT object) > 1)
                         USING (lsn, seq))`,
]

/**
 * Objects of which other objects hold every row with the same values, each with its number of rows and those objects as
 * `1,2`: the smallest first, and of two that are the same the later one.
 */
export const coveredQuery = `
  SELECT object::VARCHAR, count(*)::VARCHAR, array_to_string(list_sort(list_distinct(flatten(list(others))))::VARCHAR[], ',')
    FROM (SELECT object, list_filter(holders, lambda one: one <> object) AS others
            FROM shared JOIN (SELECT lsn, seq, digest, list(object) AS holders FROM shared GROUP BY ALL)
              USING (lsn, seq, digest)) AS one
   GROUP BY one.object HAVING bool_and(len(others) > 0) ORDER BY count(*), one.object DESC`

/** After this the object is not there for the queries. */
export const takenOutStatements = (object: number): ReadonlyArray<string> => [
  `DELETE FROM place WHERE object = ${object}`,
  `DELETE FROM shared WHERE object = ${object}`,
]

/** What still stands twice, by the objects that hold it as `1,2`: how many changes, and how many of them have other values there. */
export const sharesQuery = `
  SELECT objects, count(*)::VARCHAR, (count(*) FILTER (versions > 1))::VARCHAR
    FROM (SELECT array_to_string(list_sort(list_distinct(list(object)))::VARCHAR[], ',') AS objects, count(DISTINCT digest) AS versions
            FROM place GROUP BY lsn, seq HAVING count(*) > 1)
   GROUP BY objects ORDER BY objects`
