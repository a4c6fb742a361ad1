-- The table as it is now, from the newest complete `full` and the changes in `inc` that it has not seen.
-- Reads the temporary tables of staging.sql (see there for how to run it).
--
-- For another table change: the lines marked KEY, and the list of columns at the end. This prints that list:
--     SELECT format('pg_temp.last(%1$I ORDER BY pos) FILTER (WHERE %1$L <> ALL (unsent)) AS %1$I,', attname)
--     FROM pg_attribute WHERE attrelid = 'db_loja.cliente'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;

WITH RECURSIVE
manifest AS (
  SELECT (manifest ->> 'lsn')::pg_lsn AS lsn, (manifest ->> 'snapshot')::pg_snapshot AS snapshot,
         split_part(manifest ->> 'snapshot', ':', 1)::bigint AS xmin
  FROM lake_manifest),
unseen AS (     -- what the snapshot does not hold; _xid has 32 bits and is brought near xmin
  SELECT lake_inc.* FROM lake_inc, manifest
  WHERE _lsn > lsn OR NOT pg_visible_in_snapshot(
    (manifest.xmin + (_xid - manifest.xmin % 4294967296 + 6442450944) % 4294967296 - 2147483648)::text::xid8, snapshot)),
ordered AS (    -- the copy first, then what changed; `was` is the key before the change
  SELECT row_number() OVER (ORDER BY _lsn NULLS FIRST, _seq) AS pos,
         id::text AS key,                               -- KEY, of several columns: ARRAY[a::text, b::text]
         coalesce(_before ->> 'id', id::text) AS was,   -- KEY: ARRAY[coalesce(_before ->> 'a', a::text), …]
         coalesce(_unchanged, '{}') AS unsent, *
  FROM (SELECT 'I' AS _op, NULL::pg_lsn AS _lsn, NULL::bigint AS _seq, NULL::bigint AS _xid, NULL::timestamptz AS _commit_ts,
               NULL::jsonb AS _before, NULL::text[] AS _unchanged, * FROM lake_full
        UNION ALL
        SELECT * FROM unseen) AS both_parts),
event AS (      -- a TRUNCATE ends all that was before
  SELECT * FROM ordered WHERE pos > (SELECT coalesce(max(pos), 0) FROM ordered WHERE _op = 'T')),
step AS (       -- what happens to a key; a change of the key ends a life there and begins one here
  SELECT key, pos, lives, lead(pos) OVER one AS later, coalesce(max(born) OVER one, 0) AS life
  FROM (SELECT key, pos, _op <> 'D' AS lives, CASE WHEN _op = 'I' OR was <> key THEN pos END AS born FROM event
        UNION ALL
        SELECT was, pos, false, NULL FROM event WHERE was <> key) AS told
  WINDOW one AS (PARTITION BY key ORDER BY pos)),
trail AS (      -- the living rows, and where a large value may come from: the life under the key before
  SELECT key, key AS place, life FROM step WHERE lives AND later IS NULL
  UNION ALL
  SELECT trail.key, event.was, step.life
  FROM trail JOIN event ON event.pos = trail.life JOIN step ON step.pos = event.pos AND step.key = event.was
  WHERE event.was <> event.key AND event._unchanged IS NOT NULL)
-- Of each column the last value that was sent; large ones that did not change are not sent again.
SELECT pg_temp.last(id ORDER BY pos) FILTER (WHERE 'id' <> ALL (unsent)) AS id,
       pg_temp.last(nome ORDER BY pos) FILTER (WHERE 'nome' <> ALL (unsent)) AS nome,
       pg_temp.last(email ORDER BY pos) FILTER (WHERE 'email' <> ALL (unsent)) AS email,
       pg_temp.last(cpf ORDER BY pos) FILTER (WHERE 'cpf' <> ALL (unsent)) AS cpf,
       pg_temp.last(nascimento ORDER BY pos) FILTER (WHERE 'nascimento' <> ALL (unsent)) AS nascimento,
       pg_temp.last(saldo ORDER BY pos) FILTER (WHERE 'saldo' <> ALL (unsent)) AS saldo,
       pg_temp.last(ativo ORDER BY pos) FILTER (WHERE 'ativo' <> ALL (unsent)) AS ativo,
       pg_temp.last(criado_em ORDER BY pos) FILTER (WHERE 'criado_em' <> ALL (unsent)) AS criado_em,
       pg_temp.last(endereco ORDER BY pos) FILTER (WHERE 'endereco' <> ALL (unsent)) AS endereco,
       pg_temp.last(observacao ORDER BY pos) FILTER (WHERE 'observacao' <> ALL (unsent)) AS observacao
FROM trail JOIN step ON step.key = trail.place AND step.life = trail.life AND step.lives JOIN event USING (pos)
GROUP BY trail.key
ORDER BY id;
