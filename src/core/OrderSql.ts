/** SQL (DuckDB's) over where every change of a dataset stands: what stands twice, and what stands out of order. */
import { readCsv } from "./CellSql.ts"

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
