-- Every change of one row, in order, with the key as it was and as it became. DuckDB 1.5.
--
--     duckdb < query/duckdb/history_of_one.sql
--
-- For another table change: the path (in the layout `datasets` lake/inc/DATASET/*/cdc_*.csv*) and the line marked KEY.
-- A large value that did not change is named in _unchanged and NULL in its column: it is what it was before.
-- A TRUNCATE ('T') concerns every row. What the row was before its first change is in `full`.

SET VARIABLE inc = 'lake/inc/*/cdc_*.csv*';
SET VARIABLE key = '1';

FROM read_csv(getvariable('inc'), header = true, all_varchar = true, union_by_name = true, delim = ',',
  quote = '"', escape = '"', new_line = '\n', nullstr = '', allow_quoted_nulls = false, hive_partitioning = false)
WHERE id = getvariable('key') OR (_before ->> 'id') = getvariable('key') OR _op = 'T'   -- KEY
ORDER BY _lsn, _seq::BIGINT;
