/** What the goldens in `test_decoding/` tell: the SQL of each case. Statements run one by one, each its own transaction. */

export interface GoldenCase {
  readonly name: string
  /** Before the slot exists: not told. */
  readonly setup: ReadonlyArray<string>
  readonly changes: ReadonlyArray<string>
  /** Most cases go without xids and times, which differ at every capture. */
  readonly withXids?: true
}

const small = "CREATE TABLE public.t (id integer PRIMARY KEY, v text)"
const large = (letter: string) =>
  `(SELECT string_agg(md5(i::text || '${letter}'), '') FROM generate_series(1, 400) AS i)`

export const goldenCases: ReadonlyArray<GoldenCase> = [
  {
    name: "transactions",
    setup: [small],
    changes: [
      "INSERT INTO public.t VALUES (1, 'a')",
      "BEGIN; DELETE FROM public.t; INSERT INTO public.t VALUES (2, 'b'); COMMIT",
    ],
    withXids: true,
  },
  { name: "transactions-without-xids", setup: [small], changes: ["INSERT INTO public.t VALUES (1, 'a')"] },
  {
    name: "bare-words",
    setup: [
      "CREATE TABLE public.t (a smallint, b integer, c bigint, d oid, e real, f double precision, g numeric, h numeric(12,2), i boolean)",
    ],
    changes: [
      "INSERT INTO public.t VALUES (-32768, -2147483648, 9223372036854775807, 4294967295, 1.5, -2.5e-300, 12345678901234567890.123456789, 10, true)",
      "INSERT INTO public.t VALUES (0, 0, 0, 0, '-0', 1e+20, 0.00, 0, false)",
      "INSERT INTO public.t VALUES (1, 1, 1, 1, 'NaN', 'Infinity', 'NaN', 'NaN', null)",
      "INSERT INTO public.t VALUES (1, 1, 1, 1, '-Infinity', '-Infinity', 'Infinity', null, null)",
      "INSERT INTO public.t VALUES (null, null, null, null, 1e-38, 4.9e-324, '-Infinity', -0.01, null)",
    ],
  },
  {
    name: "bits",
    setup: ["CREATE TABLE public.t (a bit(3), b bit varying, c bit varying(5)[])"],
    changes: [
      "INSERT INTO public.t VALUES (B'101', B'', '{101,1}')",
      "INSERT INTO public.t VALUES (B'000', B'1111111111', null)",
    ],
  },
  {
    name: "quoted-types",
    setup: [
      `CREATE TABLE public.t (a character varying(10), b character(4), c "char", d name, e bytea, f date, g time, h time with time zone,
         i timestamp, j timestamp with time zone, k interval, l uuid, m json, n jsonb, o inet, p money, q point, r tsvector, s int4range, t tstzmultirange,
         u pg_lsn, v interval year to month, w timestamp(0) with time zone)`,
    ],
    changes: [
      `INSERT INTO public.t VALUES ('v', 'c', 'x', 'n', '\\x00ff', '2025-11-03', '10:15:30.5', '10:15:30-03', '2025-11-03 10:15:30.123456', '0044-03-15 12:00:00 BC',
         '1 year 2 mons -3 days 04:05:06.7', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": [1, null, "x"]}', '{"a": "it''s"}', '10.0.0.1/8', 1234.5, '(1,2)', 'fat cat', '[1,5)',
         '{[2025-01-01,2025-02-01),[2025-03-01,)}', '16/B374D848', '1-2', 'infinity')`,
    ],
  },
  {
    name: "own-types",
    setup: [
      "CREATE SCHEMA s",
      `CREATE TYPE s."My]Type" AS ENUM ('v', 'it''s "x"')`,
      `CREATE TYPE s."T y" AS (n integer, "t]:" text)`,
      "CREATE DOMAIN public.cents AS integer",
      "CREATE DOMAIN public.yes AS boolean",
      "CREATE TYPE s.floats AS RANGE (subtype = float8)",
      `CREATE TABLE public.t (a s."My]Type", b s."T y", c s."T y"[], d public.cents, e public.yes, f s.floats, g s."My]Type"[], h public.cents[])`,
    ],
    changes: [
      `INSERT INTO public.t VALUES ('v', '(1,"a,''b""c")', ARRAY['(2,x)', null]::s."T y"[], 5, true, '[1,2.5)', '{v,"it''s \\"x\\""}', '{1,null}')`,
      "INSERT INTO public.t VALUES (null, '(,)', '{}', null, false, 'empty', '{{v,v},{v,v}}', null)",
    ],
  },
  {
    name: "arrays",
    setup: [
      `CREATE TABLE public.t (a integer[], b text[], c "char"[], d numeric(5,1)[][], e boolean[], f timestamp with time zone[], g oidvector, h int2vector)`,
    ],
    changes: [
      `INSERT INTO public.t VALUES ('{1,null,-2}', '{"a,b","NULL",null,"q\\"q","it''s","]:"}', '{a,b}', '{{1,2},{3,4}}', '{t,f}', '{"2025-11-03 10:15:30+00"}', '1 2', '3 4')`,
    ],
  },
  {
    name: "text-traps",
    setup: [small],
    changes: [
      "INSERT INTO public.t VALUES (1, 'it''s'), (2, ''''), (3, ''''''), (4, 'ends in a quote'''), (5, '''begins')",
      "INSERT INTO public.t VALUES (6, E'two\\nlines'), (7, E'a\\ttab and a \\r'), (8, 'back\\slash \\n'), (9, '')",
      "INSERT INTO public.t VALUES (10, 'null'), (11, null), (12, 'unchanged-toast-datum'), (13, ' v[text]:''x'' id[integer]:5')",
      "INSERT INTO public.t VALUES (14, E'table public.t: INSERT: id[integer]:1\\nCOMMIT 5'), (15, ' new-tuple: id[integer]:1'), (16, 'João — ação € 😀')",
    ],
  },
  {
    name: "quoted-names",
    setup: [
      `CREATE SCHEMA "My ""s"".x"`,
      `CREATE TABLE public."We ird].T" ("na]:me" text PRIMARY KEY, tags integer[], "a""b" character varying, "two\nlines" text, " " text, "new-tuple:" text)`,
      `CREATE TABLE "My ""s"".x"."T: INSERT:" ("ação" text, _x1 text, "1a" text, "A" text, a$ text, "'" text)`,
    ],
    changes: [
      `INSERT INTO public."We ird].T" VALUES ('x', '{1,2}', 'q', 'n', 'b', 't')`,
      `UPDATE public."We ird].T" SET "na]:me" = ' new-tuple: '`,
      `DELETE FROM public."We ird].T"`,
      `INSERT INTO "My ""s"".x"."T: INSERT:" VALUES ('a', 'b', 'c', 'd', 'e', 'f')`,
      `TRUNCATE public."We ird].T", "My ""s"".x"."T: INSERT:"`,
    ],
  },
  {
    name: "keyword-names",
    setup: [
      `CREATE TABLE public."order" ("user" text, "select" text, "integer" integer, name text, type text, "null" text, "table" text, level text, "xmltable" text)`,
    ],
    changes: [`INSERT INTO public."order" VALUES ('a', 'b', 3, 'd', 'e', null, 'g', 'h', 'i')`],
  },
  {
    name: "update",
    setup: [small, "INSERT INTO public.t VALUES (1, 'a')"],
    changes: [
      "UPDATE public.t SET v = 'b'",
      "UPDATE public.t SET id = 2",
      "UPDATE public.t SET v = null, id = 3",
    ],
  },
  {
    name: "identity-full",
    setup: [
      small,
      "ALTER TABLE public.t REPLICA IDENTITY FULL",
      "INSERT INTO public.t VALUES (1, 'a'), (2, null)",
    ],
    changes: ["UPDATE public.t SET v = 'b'", "DELETE FROM public.t"],
  },
  {
    name: "identity-full-all-null",
    setup: [
      "CREATE TABLE public.t (v text)",
      "ALTER TABLE public.t REPLICA IDENTITY FULL",
      "INSERT INTO public.t VALUES (null)",
    ],
    changes: ["UPDATE public.t SET v = 'b'", "UPDATE public.t SET v = null", "DELETE FROM public.t"],
  },
  {
    name: "identity-index",
    setup: [
      "CREATE TABLE public.t (id integer PRIMARY KEY, code text NOT NULL UNIQUE, v text)",
      "ALTER TABLE public.t REPLICA IDENTITY USING INDEX t_code_key",
      "INSERT INTO public.t VALUES (1, 'c', 'a')",
    ],
    changes: ["UPDATE public.t SET id = 2", "UPDATE public.t SET code = 'd'", "DELETE FROM public.t"],
  },
  {
    name: "no-identity",
    setup: ["CREATE TABLE public.t (id integer, v text)", "INSERT INTO public.t VALUES (1, 'a')"],
    changes: ["UPDATE public.t SET id = 2", "DELETE FROM public.t"],
  },
  {
    name: "toast",
    setup: [
      "CREATE TABLE public.t (id integer PRIMARY KEY, big text, v text)",
      "ALTER TABLE public.t ALTER big SET STORAGE EXTERNAL",
      `INSERT INTO public.t SELECT 1, ${large("a")}, 'a'`,
    ],
    changes: [
      "UPDATE public.t SET v = 'b'",
      "UPDATE public.t SET id = 2",
      "UPDATE public.t SET big = 'unchanged-toast-datum'",
    ],
  },
  {
    name: "toast-identity-full",
    setup: [
      "CREATE TABLE public.t (id integer PRIMARY KEY, big text, v text)",
      "ALTER TABLE public.t ALTER big SET STORAGE EXTERNAL",
      "ALTER TABLE public.t REPLICA IDENTITY FULL",
      "INSERT INTO public.t SELECT 1, repeat('0123456789', 300), 'a'",
    ],
    changes: ["UPDATE public.t SET v = 'b'"],
  },
  {
    name: "no-columns",
    setup: ["CREATE TABLE public.t ()", "ALTER TABLE public.t REPLICA IDENTITY FULL"],
    changes: ["INSERT INTO public.t DEFAULT VALUES", "DELETE FROM public.t"],
  },
  {
    name: "truncate",
    setup: [
      small,
      "CREATE TABLE public.child (id integer REFERENCES public.t)",
      `CREATE TABLE public."a, b" (id serial)`,
    ],
    changes: [
      "TRUNCATE public.child",
      `TRUNCATE public.t, public.child, public."a, b"`,
      `TRUNCATE public."a, b" RESTART IDENTITY`,
      "TRUNCATE public.t CASCADE",
      "TRUNCATE public.t RESTART IDENTITY CASCADE",
    ],
  },
  {
    name: "messages",
    setup: [small],
    changes: [
      "SELECT pg_logical_emit_message(true, 'p', 'hello')",
      "SELECT pg_logical_emit_message(false, 'p', 'ação')",
      "SELECT pg_logical_emit_message(true, '', '')",
      "SELECT pg_logical_emit_message(true, 'x, sz: 5 content:hello', 'world')",
      "SELECT pg_logical_emit_message(true, 'p', 'a, sz: 1 content:b')",
      "SELECT pg_logical_emit_message(true, E'two\\nlines', E'two\\nlines')",
      "SELECT pg_logical_emit_message(true, 'binary', '\\x00ff01c3'::bytea)",
      `BEGIN; SELECT pg_logical_emit_message(true, 'p', 'before'); INSERT INTO public.t VALUES (1, 'a');
       SELECT pg_logical_emit_message(true, 'p', 'between'); SELECT pg_logical_emit_message(false, 'p', 'at once');
       INSERT INTO public.t VALUES (2, 'b'); COMMIT`,
    ],
  },
  {
    name: "columns-change",
    setup: [small],
    changes: [
      `BEGIN; INSERT INTO public.t VALUES (1, 'a'); ALTER TABLE public.t ADD w integer DEFAULT 7; INSERT INTO public.t VALUES (2, 'b');
       ALTER TABLE public.t DROP v; INSERT INTO public.t VALUES (3); ALTER TABLE public.t RENAME w TO "W"; UPDATE public.t SET "W" = 8 WHERE id = 1; COMMIT`,
      `ALTER TABLE public.t ALTER "W" TYPE text`,
      "DELETE FROM public.t WHERE id = 2",
    ],
  },
  {
    name: "partitions",
    setup: [
      "CREATE TABLE public.t (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id)",
      "CREATE TABLE public.t_low PARTITION OF public.t FOR VALUES FROM (0) TO (10)",
      "CREATE TABLE public.t_high PARTITION OF public.t FOR VALUES FROM (10) TO (20)",
    ],
    changes: ["INSERT INTO public.t VALUES (1, 'a')", "UPDATE public.t SET id = 11", "TRUNCATE public.t"],
  },
  {
    name: "generated-and-conflicts",
    setup: [
      "CREATE TABLE public.t (id integer PRIMARY KEY, n integer, twice integer GENERATED ALWAYS AS (n * 2) STORED)",
    ],
    changes: [
      "INSERT INTO public.t VALUES (1, 1)",
      "INSERT INTO public.t VALUES (1, 5), (2, 2) ON CONFLICT (id) DO UPDATE SET n = excluded.n",
      "BEGIN; INSERT INTO public.t VALUES (3, 3); SAVEPOINT s; INSERT INTO public.t VALUES (4, 4); ROLLBACK TO s; COMMIT",
    ],
  },
]
