-- How many rows were inserted, updated and deleted in each hour (UTC, by the time of the commit), and in how many
-- transactions. Reads the tables of tables.sql. For Trino, and for Athena's engine 3.

SELECT concat(substr(_commit_ts, 1, 13), ':00:00') AS hour,
       count(*) FILTER (WHERE _op = 'I') AS inserts, count(*) FILTER (WHERE _op = 'U') AS updates,
       count(*) FILTER (WHERE _op = 'D') AS deletes, count(*) FILTER (WHERE _op = 'T') AS truncates,
       count(DISTINCT _lsn) AS transactions
FROM lake_inc
GROUP BY 1
ORDER BY 1;
