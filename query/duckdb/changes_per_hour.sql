-- How many rows were inserted, updated and deleted in each hour (UTC, by the time of the commit), and in how many
-- transactions. DuckDB 1.5.
--
--     duckdb < query/duckdb/changes_per_hour.sql
--
-- For another table change the path: in the layout `datasets` it is lake/inc/DATASET/*/cdc_*.csv*.

SET VARIABLE inc = 'lake/inc/*/cdc_*.csv*';

SELECT date_trunc('hour', _commit_ts::TIMESTAMP) AS hour,
       count(*) FILTER (_op = 'I') AS inserts, count(*) FILTER (_op = 'U') AS updates,
       count(*) FILTER (_op = 'D') AS deletes, count(*) FILTER (_op = 'T') AS truncates,
       count(DISTINCT _lsn) AS transactions
FROM read_csv(getvariable('inc'), header = true, all_varchar = true, union_by_name = true, delim = ',',
  quote = '"', escape = '"', new_line = '\n', nullstr = '', allow_quoted_nulls = false, hive_partitioning = false)
GROUP BY hour ORDER BY hour;
