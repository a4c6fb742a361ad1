-- Every change of one row, in order, with the key as it was and as it became. Reads the tables of tables.sql.
-- For Trino, and for Athena's engine 3.
--
-- For another row or table change the line marked KEY.
-- A large value that did not change is named in _unchanged and NULL in its column: it is what it was before.
-- A TRUNCATE ('T') concerns every row. What the row was before its first change is in lake_full.

SELECT * FROM lake_inc
WHERE id = '1' OR json_extract_scalar(_before, '$.id') = '1' OR _op = 'T'   -- KEY
ORDER BY _lsn, CAST(_seq AS BIGINT);
