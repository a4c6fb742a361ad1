-- Rebuilds db_loja.cliente from the lake alone, inside PostgreSQL, by doing again what the lake says, in its order:
-- the rows of a `full`, then every change of `inc` after it. `afluente demo` runs this to prove lake = table.
--
-- The tables are temporary. Fill them with the lake's own files, for example with psql:
--     \copy lake_full FROM 'lake/full/date=20251103/full_clientes_20251103_101530.csv' CSV HEADER
--     \copy lake_inc  FROM 'lake/inc/date=20251103/cdc_20251103_101540.csv' CSV HEADER

-- @section staging
CREATE TEMP TABLE lake_full (LIKE db_loja.cliente);
CREATE TEMP TABLE lake_inc (
  _op text, _lsn pg_lsn, _seq bigint, _xid bigint, _commit_ts timestamptz, _before jsonb, _unchanged text[],
  LIKE db_loja.cliente
);
ALTER TABLE lake_inc
  ALTER id DROP NOT NULL, ALTER nome DROP NOT NULL, ALTER saldo DROP NOT NULL,
  ALTER ativo DROP NOT NULL, ALTER criado_em DROP NOT NULL;

-- @section replay
-- A key change names the old key in _before. A large value that did not change is listed in _unchanged, and the one
-- that stands stays.
DO $$
DECLARE
  c lake_inc;
BEGIN
  FOR c IN SELECT * FROM lake_inc ORDER BY _lsn, _seq LOOP
    CASE c._op
      WHEN 'I' THEN
        INSERT INTO lake_full VALUES
          (c.id, c.nome, c.email, c.cpf, c.nascimento, c.saldo, c.ativo, c.criado_em, c.endereco, c.observacao);
      WHEN 'U' THEN
        UPDATE lake_full SET
          id = c.id, nome = c.nome, email = c.email, cpf = c.cpf, nascimento = c.nascimento, saldo = c.saldo,
          ativo = c.ativo, criado_em = c.criado_em,
          endereco = CASE WHEN 'endereco' = ANY (c._unchanged) THEN endereco ELSE c.endereco END,
          observacao = CASE WHEN 'observacao' = ANY (c._unchanged) THEN observacao ELSE c.observacao END
        WHERE id = coalesce((c._before ->> 'id')::bigint, c.id);
      WHEN 'D' THEN
        DELETE FROM lake_full WHERE id = c.id;
      WHEN 'T' THEN
        DELETE FROM lake_full;
    END CASE;
  END LOOP;
END
$$;

-- @section compare
-- Rows that stand on one side only; none when the lake is the table.
SELECT count(*) AS differences FROM (
  (SELECT lake_full::text FROM lake_full EXCEPT ALL SELECT cliente::text FROM db_loja.cliente)
  UNION ALL
  (SELECT cliente::text FROM db_loja.cliente EXCEPT ALL SELECT lake_full::text FROM lake_full)
) AS difference;
