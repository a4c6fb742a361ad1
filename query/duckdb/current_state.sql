-- The table as it is now, from the newest complete `full` and the changes in `inc` that it has not seen. DuckDB 1.5.
--
--     duckdb < query/duckdb/current_state.sql
--
-- For another table change: the three paths (in the layout `datasets` they are lake/full/DATASET/*/… and
-- lake/inc/DATASET/*/…), the lines marked KEY, and the types at the end.
-- A partitioned table's rows know their partition (`_partition`): a TRUNCATE of one leaves the others as they are.
-- Values above 2 MB need `max_line_size` in both read_csv. `inc` must have an object.

SET VARIABLE root = 'lake';
SET VARIABLE inc = 'lake/inc/*/cdc_*.csv*';
SET VARIABLE manifest = (   -- written last: where it stands, its objects are complete; older ones name one object and no list
  SELECT {objects: coalesce(objects, [{object: object, partition: NULL}]),
          lsn: lpad(split_part(lsn, '/', 1), 8, '0') || '/' || lpad(split_part(lsn, '/', 2), 8, '0'),
          xmin: split_part(snapshot, ':', 1)::BIGINT, xmax: split_part(snapshot, ':', 2)::BIGINT,
          xip: string_split(split_part(snapshot, ':', 3), ',')}
  FROM read_json('lake/full/*/_full_clientes_*.json', columns =
    {object: 'VARCHAR', objects: 'STRUCT(object VARCHAR, "partition" VARCHAR)[]', lsn: 'VARCHAR', snapshot: 'VARCHAR'})
  ORDER BY coalesce(object, objects[1].object) DESC LIMIT 1);
SET VARIABLE copies = list_transform(getvariable('manifest').objects, one -> getvariable('root') || '/' || one.object);

WITH RECURSIVE
copied AS (     -- NULL is nothing at all, '' is "": DuckDB's own default takes both for NULL
  SELECT * EXCLUDE (_file), list_filter(getvariable('manifest').objects, one -> ends_with(_file, one.object))[1]."partition" AS _partition
  FROM read_csv(getvariable('copies'), header = true, all_varchar = true, filename = '_file', union_by_name = true, delim = ',',
    quote = '"', escape = '"', new_line = '\n', nullstr = '', allow_quoted_nulls = false, hive_partitioning = false)),
changed AS (
  FROM read_csv(getvariable('inc'), header = true, all_varchar = true, union_by_name = true, delim = ',',
    quote = '"', escape = '"', new_line = '\n', nullstr = '', allow_quoted_nulls = false, hive_partitioning = false)),
unseen AS (     -- what the snapshot does not hold; _xid has 32 bits and is brought near xmin
  SELECT * EXCLUDE (m, xid)
  FROM (SELECT *, m.xmin + (_xid::BIGINT - m.xmin % 4294967296 + 6442450944) % 4294967296 - 2147483648 AS xid
        FROM changed, (SELECT getvariable('manifest') AS m))
  WHERE _lsn > m.lsn OR xid >= m.xmax OR (xid >= m.xmin AND list_contains(m.xip, xid::VARCHAR))),
ordered AS (    -- the copy first, then what changed; `was` is the key before the change
  SELECT row_number() OVER (ORDER BY _lsn NULLS FIRST, _seq::BIGINT) AS pos,
         id AS key,                               -- KEY, of several columns: [a, b]
         coalesce(_before ->> 'id', id) AS was,   -- KEY: [coalesce(_before ->> 'a', a), coalesce(_before ->> 'b', b)]
         list_transform(regexp_extract_all(_unchanged, '"(\\.|[^"\\])*"|[^{},"]+'),
                        name -> regexp_replace(name, '^"|"$|\\(.)', '\1', 'g')) AS unsent,
         *
  FROM (FROM copied UNION ALL BY NAME FROM unseen)),
emptied AS (
  SELECT _partition, max(pos) AS pos FROM ordered WHERE _op = 'T' GROUP BY _partition),
event AS (      -- a TRUNCATE ends all that was before, in its partition
  FROM ordered WHERE NOT EXISTS (
    FROM emptied WHERE emptied._partition IS NOT DISTINCT FROM ordered._partition AND ordered.pos <= emptied.pos)),
step AS (       -- what happens to a key; a change of the key ends a life there and begins one here
  SELECT key, pos, lives, lead(pos) OVER one AS later, coalesce(max(born) OVER one, 0) AS life
  FROM (SELECT key, pos, coalesce(_op, 'I') <> 'D' AS lives,
               CASE WHEN coalesce(_op, 'I') = 'I' OR was <> key THEN pos END AS born FROM event
        UNION ALL
        SELECT was, pos, false, NULL FROM event WHERE was <> key)
  WINDOW one AS (PARTITION BY key ORDER BY pos)),
trail AS (      -- the living rows, and where a large value may come from: the life under the key before
  SELECT key, key AS place, life FROM step WHERE lives AND later IS NULL
  UNION ALL
  SELECT trail.key, event.was, step.life
  FROM trail JOIN event ON event.pos = trail.life JOIN step ON step.pos = event.pos AND step.key = event.was
  WHERE event.was <> event.key AND event._unchanged IS NOT NULL),
last AS (       -- of each column the last value that was sent; large ones that did not change are not sent again
  SELECT arg_max(CASE WHEN list_contains(unsent, alias(COLUMNS(event.* EXCLUDE (pos, key, was, unsent)))) IS NOT true
                      THEN {v: COLUMNS(event.* EXCLUDE (pos, key, was, unsent))} END, pos).v
  FROM trail JOIN step ON step.key = trail.place AND step.life = trail.life AND step.lives JOIN event USING (pos)
  GROUP BY trail.key)
SELECT * EXCLUDE (_op, _lsn, _seq, _xid, _commit_ts, _before, _unchanged, _partition)
         REPLACE (id::BIGINT AS id, saldo::DECIMAL(12, 2) AS saldo, ativo::BOOLEAN AS ativo)   -- all others are text
FROM last ORDER BY id;
