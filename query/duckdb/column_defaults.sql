-- Columns that were added with a default, what rows older than them hold, and since when `inc` has them. DuckDB 1.5.
--
--     duckdb < query/duckdb/column_defaults.sql
--
-- For another table change the path (in the layout `datasets` it is lake/inc/DATASET/*/…). Such a column is NULL in copies
-- and changes that are older. Where the newest `full` lacks it, current_state.sql needs a line in `ordered`:
--
--     FROM (SELECT * REPLACE (CASE WHEN _lsn IS NULL OR _lsn < 'since' THEN 'missing' ELSE pais END AS pais)
--             FROM (FROM copied UNION ALL BY NAME FROM unseen))),

SELECT c.attnum, arg_max(c.name, lsn) AS name, min(lsn) AS since, arg_max(c.missing, lsn) AS missing
FROM (SELECT lsn, unnest(columns) AS c
      FROM read_json('lake/inc/*/_schema_clientes_*.json', columns =
        {lsn: 'VARCHAR', columns: 'STRUCT("name" VARCHAR, attnum INTEGER, missing VARCHAR)[]'}))
GROUP BY c.attnum HAVING count(c.missing) > 0 ORDER BY c.attnum;
