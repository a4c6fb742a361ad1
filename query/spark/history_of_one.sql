-- Every change of one row, in order, with the key as it was and as it became. Spark 4.3.
--
--     spark-submit query/spark/lake.py lake clientes query/spark/history_of_one.sql
--
-- For another row or table change the line marked KEY.
-- A large value that did not change is named in _unchanged and NULL in its column: it is what it was before.
-- A TRUNCATE ('T') concerns every row. What the row was before its first change is in lake_full.

SELECT * FROM lake_inc
WHERE id = '1' OR get_json_object(_before, '$.id') = '1' OR _op = 'T'   -- KEY
ORDER BY _lsn, CAST(_seq AS BIGINT);
