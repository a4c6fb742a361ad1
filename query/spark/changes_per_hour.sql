-- How many rows were inserted, updated and deleted in each hour (UTC, by the time of the commit), and in how many
-- transactions. Spark 4.3.
--
--     spark-submit query/spark/lake.py lake clientes query/spark/changes_per_hour.sql

SELECT concat(substr(_commit_ts, 1, 13), ':00:00') AS hour,
       count(*) FILTER (WHERE _op = 'I') AS inserts, count(*) FILTER (WHERE _op = 'U') AS updates,
       count(*) FILTER (WHERE _op = 'D') AS deletes, count(*) FILTER (WHERE _op = 'T') AS truncates,
       count(DISTINCT _lsn) AS transactions
FROM lake_inc
GROUP BY hour
ORDER BY hour;
