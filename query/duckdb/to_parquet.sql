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
SET VARIABLE manifest = (   -- an older manifest names one object and no list
  SELECT {object: first, objects: objects, lsn: lsn, snapshot: snapshot}
  FROM (SELECT coalesce(object, objects[1].object) AS first, coalesce(objects, [{object: object, partition: NULL}]) AS objects,
               lsn, snapshot
        FROM read_json(getvariable('manifests'), columns = {object: 'VARCHAR',
          objects: 'STRUCT(object VARCHAR, "partition" VARCHAR)[]', lsn: 'VARCHAR', snapshot: 'VARCHAR'}))
  ORDER BY first DESC LIMIT 1);
SET VARIABLE copies = list_transform(getvariable('manifest').objects, one -> getvariable('root') || '/' || one.object);
-- The rows of a partitioned table get its column `_partition`, as in `inc`.
SET VARIABLE partitioned = len(list_filter(getvariable('manifest').objects, one -> one."partition" IS NOT NULL)) > 0;

COPY (
  SELECT m.object, lpad(split_part(m.lsn, '/', 1), 8, '0') || '/' || lpad(split_part(m.lsn, '/', 2), 8, '0') AS lsn,
         split_part(m.snapshot, ':', 1)::BIGINT AS xmin, split_part(m.snapshot, ':', 2)::BIGINT AS xmax,
         split_part(m.snapshot, ':', 3) AS xip
  FROM (SELECT getvariable('manifest') AS m)
) TO 'parquet/manifest/manifest.parquet' (FORMAT parquet);

COPY (
  SELECT COLUMNS(name -> name <> '_file' AND (name <> '_partition' OR getvariable('partitioned')))
  FROM (SELECT *, list_filter(getvariable('manifest').objects, one -> ends_with(_file, one.object))[1]."partition" AS _partition
  FROM read_csv(getvariable('copies'), header = true, all_varchar = true, filename = '_file', union_by_name = true, delim = ',',
    quote = '"', escape = '"', new_line = '\n', nullstr = '', allow_quoted_nulls = false, hive_partitioning = false))
) TO 'parquet/full/full.parquet' (FORMAT parquet, COMPRESSION zstd);

COPY (
  FROM read_csv(getvariable('inc'), header = true, all_varchar = true, union_by_name = true, delim = ',',
    quote = '"', escape = '"', new_line = '\n', nullstr = '', allow_quoted_nulls = false, hive_partitioning = false)
) TO 'parquet/inc/inc.parquet' (FORMAT parquet, COMPRESSION zstd);
