-- The table as it is now, from the newest complete `full` and the changes in `inc` that it has not seen.
-- Reads the tables of tables.sql. For Trino, and for Athena's engine 3.
--
-- For another table change the lines marked KEY, the three lists of columns, and at the end the types.
-- A recursion has ten steps here and fails beyond them: for a row whose key changed more than ten times since the
-- `full`, each time without all its large values. A new `full` helps, and in Trino also max_recursion_depth.
--
-- For a partitioned table a TRUNCATE ends what was before in its partition. Name _partition in the first two lists of
-- columns, and write instead of `event`:
--     emptied AS (SELECT _partition AS part, max(pos) AS until FROM placed WHERE _op = 'T' GROUP BY _partition),
--     event AS (SELECT placed.* FROM placed LEFT JOIN emptied ON part IS NOT DISTINCT FROM _partition WHERE until IS NULL OR pos > until),

WITH RECURSIVE
unseen AS (     -- what the snapshot does not hold; _xid has 32 bits and is brought near xmin
  SELECT _op, _lsn, _seq, _before, _unchanged, id, nome, email, cpf, nascimento, saldo, ativo, criado_em, endereco, observacao
  FROM (SELECT *, xmin + (CAST(_xid AS BIGINT) - xmin % 4294967296 + 6442450944) % 4294967296 - 2147483648 AS xid
        FROM lake_inc CROSS JOIN lake_manifest) AS told
  WHERE _lsn > lsn OR xid >= xmax OR (xid >= xmin AND contains(split(xip, ','), CAST(xid AS VARCHAR)))),
placed AS (     -- the copy first, then what changed: `pos` has an order; `was` is the key before the change
  SELECT coalesce(concat(_lsn, '/', lpad(_seq, 20, '0')), '0') AS pos,
         id AS key,   -- KEY, of several columns: ARRAY[a, b]
         coalesce(json_extract_scalar(_before, '$.id'), id) AS was,   -- KEY: ARRAY[coalesce(json_extract_scalar(_before, '$.a'), a), …]
         coalesce(transform(regexp_extract_all(_unchanged, '"(?:\\.|[^"\\])*"|[^{},"]+'),
                            name -> regexp_replace(name, '^"|"$|\\(.)', '$1')), ARRAY[]) AS unsent, *
  FROM (SELECT 'I' AS _op, CAST(NULL AS VARCHAR) AS _lsn, CAST(NULL AS VARCHAR) AS _seq, CAST(NULL AS VARCHAR) AS _before,
               CAST(NULL AS VARCHAR) AS _unchanged, id, nome, email, cpf, nascimento, saldo, ativo, criado_em, endereco, observacao
        FROM lake_full
        UNION ALL
        SELECT * FROM unseen) AS both_parts),
event AS (      -- a TRUNCATE ends all that was before (of a partitioned table: see above)
  SELECT * FROM placed WHERE pos > (SELECT coalesce(max(pos), '') FROM placed WHERE _op = 'T')),
step AS (       -- what happens to a key; a change of the key ends a life there and begins one here
  SELECT key, pos, lives, lead(pos) OVER (PARTITION BY key ORDER BY pos) AS later,
         coalesce(max(born) OVER (PARTITION BY key ORDER BY pos), '') AS life
  FROM (SELECT key, pos, _op <> 'D' AS lives, CASE WHEN _op = 'I' OR was <> key THEN pos END AS born FROM event
        UNION ALL
        SELECT was, pos, false, NULL FROM event WHERE was <> key) AS told),
living AS (
  SELECT key, key AS place, life FROM step WHERE lives AND later IS NULL),
arrival AS (    -- a key that a row came to without all its large values; the key and the life that it had before
  SELECT event.key AS place, event.pos AS life, event.was AS old_place, step.life AS old_life
  FROM event JOIN step ON step.pos = event.pos AND step.key = event.was
  WHERE event.was <> event.key AND event._unchanged IS NOT NULL),
moved (key, place, life) AS (
  SELECT living.key, old_place, old_life
  FROM living JOIN arrival ON arrival.place = living.place AND arrival.life = living.life
  UNION ALL
  SELECT moved.key, old_place, old_life
  FROM moved JOIN arrival ON arrival.place = moved.place AND arrival.life = moved.life),
trail AS (
  SELECT * FROM living UNION ALL SELECT * FROM moved)
-- Of each column the last value that was sent; large ones that did not change are not sent again.
SELECT CAST(max_by(id, event.pos) FILTER (WHERE NOT contains(unsent, 'id')) AS BIGINT) AS id,
       max_by(nome, event.pos) FILTER (WHERE NOT contains(unsent, 'nome')) AS nome,
       max_by(email, event.pos) FILTER (WHERE NOT contains(unsent, 'email')) AS email,
       max_by(cpf, event.pos) FILTER (WHERE NOT contains(unsent, 'cpf')) AS cpf,
       max_by(nascimento, event.pos) FILTER (WHERE NOT contains(unsent, 'nascimento')) AS nascimento,
       CAST(max_by(saldo, event.pos) FILTER (WHERE NOT contains(unsent, 'saldo')) AS DECIMAL(12, 2)) AS saldo,
       CAST(max_by(ativo, event.pos) FILTER (WHERE NOT contains(unsent, 'ativo')) AS BOOLEAN) AS ativo,
       max_by(criado_em, event.pos) FILTER (WHERE NOT contains(unsent, 'criado_em')) AS criado_em,
       max_by(endereco, event.pos) FILTER (WHERE NOT contains(unsent, 'endereco')) AS endereco,
       max_by(observacao, event.pos) FILTER (WHERE NOT contains(unsent, 'observacao')) AS observacao
FROM trail JOIN step ON step.key = trail.place AND step.life = trail.life AND step.lives
JOIN event ON event.key = step.key AND event.pos = step.pos
GROUP BY trail.key
ORDER BY id;
