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
  {
    name: "any-character",
    setup: [small],
    changes: [
      "INSERT INTO public.t SELECT 1, string_agg(chr(n), '') FROM generate_series(1, 127) AS n",
      "INSERT INTO public.t SELECT 2, string_agg(chr(n), '') FROM generate_series(128, 255) AS n",
      "INSERT INTO public.t SELECT plane + 3, chr(plane * 65536 + 65535) || chr(plane * 65536 + 57344) FROM generate_series(0, 16) AS plane",
    ],
  },
  {
    name: "numbers-at-the-edge",
    setup: [
      "CREATE TYPE public.numbers AS (n numeric, f double precision)",
      "CREATE TABLE public.t (a numeric, b numeric(3,-2), c real, d double precision, e money, f numeric[], g public.numbers)",
    ],
    changes: [
      "INSERT INTO public.t VALUES ((repeat('9', 1000) || '.' || repeat('1', 1000))::numeric, 12345, 3.4028235e38, 1.7976931348623157e308, '-92233720368547758.08', '{NaN,Infinity,-Infinity}', '(NaN,-Infinity)')",
      "INSERT INTO public.t VALUES (-0.10, -49, '-0', 5e-324, '92233720368547758.07', '{0.00,-1e-20}', '(,-0)')",
      "INSERT INTO public.t VALUES ('1e-30', 0, 1e-45, 0.1, 0, '{}', '(,)')",
    ],
  },
  {
    name: "times-at-the-edge",
    setup: [
      "CREATE TABLE public.t (a date, b time, c time with time zone, d timestamp, e timestamp with time zone, f interval, g timestamp with time zone[])",
    ],
    changes: [
      `INSERT INTO public.t VALUES ('4713-01-01 BC', '24:00:00', '00:00:00+15:59:59', '0044-03-15 12:00 BC', '0044-03-15 12:00:00-03:06:28 BC', '-178000000 years', '{infinity,NULL,-infinity}')`,
      `INSERT INTO public.t VALUES ('5874897-12-31', '23:59:59.999999', '23:59:59.999999-15:59', '294276-12-31 23:59:59.999999', '12025-01-01', '1 year -1 mon +1 day -00:00:00.000001', '{"0001-01-01 BC"}')`,
      "INSERT INTO public.t VALUES ('infinity', '00:00', '12:00+00', 'infinity', '-infinity', '0', '{}')",
    ],
  },
  {
    name: "documents-and-shapes",
    setup: [
      "CREATE EXTENSION hstore SCHEMA public",
      "CREATE EXTENSION citext SCHEMA public",
      `CREATE TABLE public.t (a json, b jsonb, c xml, d tsvector, e tsquery, f public.hstore, g public.citext, h public.hstore[], i public.citext[],
         j cidr, k macaddr, l macaddr8, m line, n lseg, o box, p path, q polygon, r circle, s box[], t jsonpath)`,
    ],
    changes: [
      `INSERT INTO public.t VALUES (E'{"a" :\\n  "it''s"}', '{"b": [1.50, null, "x\\ty"]}', E'<a b="c">\\n''</a>', $$'it''s':1A 'b]:':2$$, $$'a b' <-> !'c'$$, 'a=>NULL, "b \\"=>"=>"''x"', 'ÁB''c',
         ARRAY['a=>1', NULL]::public.hstore[], '{A,"b,c"}', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:ff:fe:01:02:03', '{1,-1,0}', '[(0,0),(1,1.5)]', '(2,2),(0,0)', '[(0,0),(1,1)]', '((0,0),(1,1),(2,0))',
         '<(0,0),1e300>', '{(2,2),(0,0);(1,1),(0,0)}', '$."x y"[*]')`,
    ],
  },
  {
    name: "array-shapes",
    setup: [
      "CREATE SCHEMA s",
      `CREATE TYPE s."My]Type" AS ENUM ('', 'NULL')`,
      `CREATE DOMAIN public."ok?" AS boolean`,
      `CREATE TYPE s."pair " AS (n integer, l text[])`,
      `CREATE TABLE public.t (a integer[], b text[], c s."My]Type"[], d public."ok?"[], e s."pair "[])`,
    ],
    changes: [
      `INSERT INTO public.t VALUES ('[0:2]={1,NULL,3}', '[-1:0][2:3]={{a,NULL},{"NULL",""}}', '{"",NULL,"NULL"}', '{t,NULL,f}', ARRAY[(1, '{a,"b c"}')]::s."pair "[])`,
      `INSERT INTO public.t VALUES ('{{{1},{2}},{{3},{4}}}', '{}', '{}', '{}', '{NULL}')`,
    ],
  },
  {
    name: "own-multiranges",
    setup: [
      "CREATE SCHEMA s",
      `CREATE TYPE s."r]" AS RANGE (subtype = text, collation = "C", multirange_type_name = s."many ""r""")`,
      "CREATE TYPE public.pair AS (b boolean, i bit(2))",
      "CREATE DOMAIN public.pairs AS public.pair",
      `CREATE TABLE public.t (a s."r]", b s."many ""r""", c s."many ""r"""[], d public.pairs)`,
    ],
    changes: [
      `INSERT INTO public.t VALUES ('["it''s",)', '{[a,b),["c,d",e]}', ARRAY['{}', '{(,)}']::s."many ""r"""[], '(t,10)')`,
    ],
  },
  {
    name: "our-own-names",
    setup: ["CREATE TABLE public.t (_op text PRIMARY KEY, _op_ text, _before text, _unchanged text)"],
    changes: ["INSERT INTO public.t VALUES ('I', 'x', '{}', '{}')", "UPDATE public.t SET _op = 'U'"],
  },
  {
    name: "column-kinds",
    setup: [
      `CREATE TABLE public.t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, gone text, n integer DEFAULT 7,
         twice integer GENERATED ALWAYS AS (n * 2) STORED, s serial)`,
      "ALTER TABLE public.t DROP COLUMN gone",
    ],
    changes: ["INSERT INTO public.t DEFAULT VALUES", "UPDATE public.t SET n = 8", "DELETE FROM public.t"],
  },
  {
    name: "identity-nothing",
    setup: [small, "ALTER TABLE public.t REPLICA IDENTITY NOTHING", "INSERT INTO public.t VALUES (1, 'a')"],
    changes: ["UPDATE public.t SET id = 2", "DELETE FROM public.t"],
  },
  {
    name: "identity-lost",
    setup: [
      "CREATE TABLE public.t (id integer PRIMARY KEY, code text NOT NULL UNIQUE)",
      "ALTER TABLE public.t REPLICA IDENTITY USING INDEX t_code_key",
      "ALTER TABLE public.t DROP CONSTRAINT t_code_key",
      "INSERT INTO public.t VALUES (1, 'c')",
    ],
    changes: ["UPDATE public.t SET code = 'd'", "DELETE FROM public.t"],
  },
  {
    name: "inherited",
    setup: ["CREATE TABLE public.t (id integer)", "CREATE TABLE public.child (v text) INHERITS (public.t)"],
    changes: [
      "INSERT INTO public.t VALUES (1)",
      "INSERT INTO public.child VALUES (2, 'a')",
      "UPDATE public.t SET id = 3",
      "TRUNCATE public.t",
    ],
  },
  {
    name: "not-logged",
    setup: [
      small,
      "CREATE UNLOGGED TABLE public.u (id integer)",
      "CREATE VIEW public.w AS SELECT id, v FROM public.t",
      "CREATE MATERIALIZED VIEW public.m AS SELECT count(*) AS n FROM public.t",
    ],
    changes: [
      "INSERT INTO public.u VALUES (1)",
      "CREATE TEMPORARY TABLE x (id integer); INSERT INTO pg_temp.x VALUES (1)",
      "INSERT INTO public.w VALUES (1, 'through the view')",
      "REFRESH MATERIALIZED VIEW public.m",
    ],
  },
  {
    name: "tables-change",
    setup: [small, "CREATE SCHEMA s"],
    changes: [
      `BEGIN; INSERT INTO public.t VALUES (1, 'a'); ALTER TABLE public.t ALTER v TYPE integer USING 5; INSERT INTO public.t VALUES (2, 6);
       ALTER TABLE public.t RENAME TO u; INSERT INTO public.u VALUES (3, 7); ALTER TABLE public.u SET SCHEMA s; UPDATE s.u SET v = 8 WHERE id = 3; COMMIT`,
      "CREATE TABLE public.t (v text, id integer)",
      "INSERT INTO public.t VALUES ('b', 4)",
      "BEGIN; DELETE FROM s.u WHERE id = 1; DROP TABLE s.u; COMMIT",
    ],
  },
  {
    name: "several-tables",
    setup: [small, "CREATE TABLE public.u (id integer PRIMARY KEY)"],
    changes: [
      "BEGIN; INSERT INTO public.t VALUES (1, 'a'); INSERT INTO public.u VALUES (1); UPDATE public.t SET v = 'b'; DELETE FROM public.u; COMMIT",
      "TRUNCATE public.u, public.t",
    ],
  },
  {
    name: "subtransactions",
    setup: [small],
    changes: [
      `BEGIN; SAVEPOINT a; INSERT INTO public.t VALUES (1, 'kept'); SAVEPOINT b; INSERT INTO public.t VALUES (2, 'gone'); ROLLBACK TO b;
       INSERT INTO public.t VALUES (2, 'kept'); RELEASE a; INSERT INTO public.t VALUES (3, 'kept'); COMMIT`,
      "BEGIN; INSERT INTO public.t VALUES (4, 'gone'); ROLLBACK",
    ],
  },
]
