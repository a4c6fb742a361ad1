-- Temporary tables for the lake, with the columns and types of db_loja.cliente but without its constraints.
-- query/postgres/load.psql fills them; current_state.sql, history_of_one.sql and changes_per_hour.sql read them.
-- All in one session, from the folder above query/ and lake/. PostgreSQL 13 or newer, 15 for load.psql:
--
--     psql -f query/postgres/staging.sql -f query/postgres/load.psql -f query/postgres/current_state.sql
--
-- For a partitioned table add `NULL::text AS _partition` after _unchanged, in lake_inc and in current_state.sql. There a
-- TRUNCATE of one partition counts as one of the whole table: run `full` after it.
--
-- For another table change its name, here and there. Where it does not exist (a server that is not the source), make
-- it there first: CREATE TABLE with the columns and types that the manifest in the lake names.

CREATE TEMP TABLE lake_manifest (manifest jsonb);

CREATE TEMP TABLE lake_full AS SELECT * FROM db_loja.cliente WITH NO DATA;

CREATE TEMP TABLE lake_inc AS
SELECT NULL::text AS _op, NULL::pg_lsn AS _lsn, NULL::bigint AS _seq, NULL::bigint AS _xid,
       NULL::timestamptz AS _commit_ts, NULL::jsonb AS _before, NULL::text[] AS _unchanged, cliente.*
FROM db_loja.cliente WITH NO DATA;

-- The last of ordered values, NULL too.
CREATE FUNCTION pg_temp.later(anyelement, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE AS 'SELECT $2';
CREATE AGGREGATE pg_temp.last (anyelement) (SFUNC = pg_temp.later, STYPE = anyelement);
