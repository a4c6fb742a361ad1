-- The lake as Parquet, for readers of CSV that take NULL for '' or break lines inside values: Athena, Trino, Hive.
-- It writes parquet/full, parquet/inc and parquet/manifest, which query/trino reads. Run it again to bring them up to
-- date: it writes them anew. All columns are text, as in the lake. DuckDB 1.5.
--
--     mkdir -p parquet/full parquet/inc parquet/manifest && duckdb < query/duckdb/to_parquet.sql
--
-- For another table change: the paths (in the layout `datasets` lake/full/DATASET/*/… and lake/inc/DATASET/*/…).

SET VARIABLE root = 'lake';
SET VARIABLE inc = 'lake/inc/*/cdc_*.csv*';
SET VARIABLE manifests = 'lake/full/*/_full_clientes_*.json';
SET VARIABLE newest = (SELECT max(object) FROM read_json(getvariable('manifests'), columns = {object: 'VARCHAR'}));

COPY (
  SELECT object, lpad(split_part(lsn, '/', 1), 8, '0') || '/' || lpad(split_part(lsn, '/', 2), 8, '0') AS lsn,
         split_part(snapshot, ':', 1)::BIGINT AS xmin, split_part(snapshot, ':', 2)::BIGINT AS xmax,
         split_part(snapshot, ':', 3) AS xip
  FROM read_json(getvariable('manifests'), columns = {object: 'VARCHAR', lsn: 'VARCHAR', snapshot: 'VARCHAR'})
  WHERE object = getvariable('newest')
) TO 'parquet/manifest/manifest.parquet' (FORMAT parquet);

COPY (
  FROM read_csv(getvariable('root') || '/' || getvariable('newest'), header = true, all_varchar = true, delim = ',',
    quote = '"', escape = '"', new_line = '\n', nullstr = '', allow_quoted_nulls = false, hive_partitioning = false)
) TO 'parquet/full/full.parquet' (FORMAT parquet, COMPRESSION zstd);

COPY (
  FROM read_csv(getvariable('inc'), header = true, all_varchar = true, union_by_name = true, delim = ',',
    quote = '"', escape = '"', new_line = '\n', nullstr = '', allow_quoted_nulls = false, hive_partitioning = false)
) TO 'parquet/inc/inc.parquet' (FORMAT parquet, COMPRESSION zstd);
