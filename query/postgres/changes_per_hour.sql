-- How many rows were inserted, updated and deleted in each hour (UTC, by the time of the commit), and in how many
-- transactions. Reads the temporary tables of staging.sql (see there for how to run it).

SELECT date_trunc('hour', _commit_ts AT TIME ZONE 'UTC') AS hour,
       count(*) FILTER (WHERE _op = 'I') AS inserts, count(*) FILTER (WHERE _op = 'U') AS updates,
       count(*) FILTER (WHERE _op = 'D') AS deletes, count(*) FILTER (WHERE _op = 'T') AS truncates,
       count(DISTINCT _lsn) AS transactions
FROM lake_inc
GROUP BY hour
ORDER BY hour;
