-- The tables that the other files here read: the Parquet that query/duckdb/to_parquet.sql makes of the lake.
--
-- Why not the CSV itself: OpenCSVSerDe reads NULL as '', breaks rows at line breaks inside values, and these engines
-- pass over the manifests, whose names begin with "_".
--
-- This is Athena's DDL. In Trino with the Hive connector: CREATE TABLE lake_inc (… varchar, …)
-- WITH (external_location = 's3a://raw/parquet/inc', format = 'PARQUET').
-- For another table change the columns, all of them string, and the three locations. A partitioned table has the column
-- _partition string too: after those of lake_full, and after _unchanged in lake_inc. After an ALTER TABLE add the new
-- columns to both: columns are found by name.

CREATE EXTERNAL TABLE lake_manifest (
  object string, lsn string, xmin bigint, xmax bigint, xip string
) STORED AS PARQUET LOCATION 's3://raw/parquet/manifest/';

CREATE EXTERNAL TABLE lake_full (
  id string, nome string, email string, cpf string, nascimento string, saldo string, ativo string, criado_em string,
  endereco string, observacao string
) STORED AS PARQUET LOCATION 's3://raw/parquet/full/';

CREATE EXTERNAL TABLE lake_inc (
  _op string, _lsn string, _seq string, _xid string, _commit_ts string, _before string, _unchanged string,
  id string, nome string, email string, cpf string, nascimento string, saldo string, ativo string, criado_em string,
  endereco string, observacao string
) STORED AS PARQUET LOCATION 's3://raw/parquet/inc/';
