/**
 * A table with a column of nearly every kind of type, rows of what files usually break on, and server defaults that
 * print all of it differently from what the lake promises.
 */

/** As in SQL, and so as in `SOURCE_TABLES`. */
export const awkwardTable = `"Ação; 1"."o \\ ""nome"".x"`

export const awkwardSetup = `
  CREATE SCHEMA "Ação; 1";
  CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree;
  CREATE TYPE public."Cor" AS ENUM ('azul', 'verde, "escuro"', 'it''s', '');
  CREATE DOMAIN public.sim AS boolean;
  CREATE DOMAIN public.codigo AS text CHECK (VALUE <> 'x');
  CREATE TYPE public.par AS (n numeric, "quando?" timestamptz, ok boolean, t text);
  CREATE TABLE ${awkwardTable} (
    "Id; ""n""" bigint PRIMARY KEY,
    texto text, gone text, varc character varying(20), fixed character(6), one "char", nome name,
    _op text, _op_ text, _seq integer,
    s2 smallint, s4 integer, s8 bigint, n numeric, n2 numeric(12,2), f4 real, f8 double precision, dinheiro money, o oid,
    b boolean, bs boolean[], b_dom public.sim, cod public.codigo, cor public."Cor", cores public."Cor"[],
    p public.par, ps public.par[], r int4range, tr tstzrange, tm tstzmultirange,
    d date, h time, hz time with time zone, ts timestamp, tz timestamptz, i interval, tzs timestamptz[], is_ interval[],
    j json, jb jsonb, jp jsonpath, x xml, bin bytea, bins bytea[], u uuid, ip inet, net cidr, mac macaddr, bit3 bit(3), vb bit varying,
    ints integer[], texts text[], f8s double precision[], pt point, poly polygon, tsv tsvector, tsq tsquery, lsn pg_lsn,
    cls regclass, typ regtype, hs hstore, ci citext, lt ltree,
    "tab	e
linha" text, "SELECT" text,
    dobro numeric GENERATED ALWAYS AS (n2 * 2) STORED
  );
  ALTER TABLE ${awkwardTable} DROP COLUMN gone;
`

/** Each of these is a transaction of its own, in its own session's plain settings. */
export const awkwardRows: ReadonlyArray<string> = [
  `INSERT INTO ${awkwardTable} VALUES (
    1, E'João, "aspas" e \\'plicas\\'\\nlinha 2\\r\\nlinha 3\\ttab \\\\ fim \\\\. 😀', 'NULL', 'ab', 'x', 'nome do tipo',
    'uma coluna', 'outra', 7,
    -32768, -2147483648, 9223372036854775807, 'NaN', -0.10, '1.1', '0.1', 1234.5, 4294967295,
    true, '{t,f,NULL}', true, 'c"', 'verde, "escuro"', '{azul,"verde, \\"escuro\\"",NULL,""}',
    '(1.50,"2025-11-03 10:15:30.5-03",t,"a, ""b""")', ARRAY['(,,f,)', NULL, '(NaN,infinity,,"(x)")']::public.par[],
    '[1,5]', '["2025-01-01 00:00-03",infinity)', '{[2025-01-01,2025-02-01),[2025-03-01,)}',
    '2025-11-03', '24:00:00', '10:15:30.123456-03', '2025-11-03 10:15:30.123456', '2025-11-03 10:15:30.123456-03',
    '1 year 2 mons -3 days 04:05:06.789', '{"2025-11-03 10:15:30-03",-infinity,NULL}', '{"1 day","-1 mons"}',
    E'{"a" : [1, null,\\n "x"]}', '{"z": 1, "a": "it''s \\"q\\" \\u00e7", "n": 1e400}', '$."a"[*] ? (@ > 1)', '<a b="c">d &amp; e</a>',
    '\\x00ff27225c0a', '{"\\\\x00ff",NULL}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '10.0.0.1/8', '2001:db8::/32', '08:00:2b:01:02:03',
    B'101', B'1111111111', '{1,NULL,-2}', '{"a,b","NULL",NULL,"q\\"q","it''s","]:","",ação,"\\\\"}', '{1.1,NaN,-Infinity}',
    '(1.1,-2)', '((0,0),(1,1.5),(2,0))', $$'fat':1A 'it''s':2$$, $$'a' & !'b''c'$$, '16/B374D848',
    '${awkwardTable.replaceAll("'", "''")}', 'public."Cor"', 'a=>1, "b c"=>NULL, q=>"\\"x\\""', 'CamelCase', 'Top.Science',
    E'quebra\\n', ' espaços '
  )`,
  `INSERT INTO ${awkwardTable} ("Id; ""n""") VALUES (2)`,
  `INSERT INTO ${awkwardTable} ("Id; ""n""", texto, varc, fixed, one, nome, _op, cod, cor, bs, texts, ints, bin, vb, r, tm, hs, ci, lt, tsv, "SELECT", j, jb, f4, f8, n, n2, i, b, b_dom, p)
   VALUES (3, '', '', '', '', '', '', '', '', '{}', '{}', '{}', '', B'', 'empty', '{}', '', '', '', '', '', '""', '""', '-0', '-0', '0.00', 0, '0', false, false, '(,,,)')`,
  `INSERT INTO ${awkwardTable} ("Id; ""n""", texto, varc, n, n2, f4, f8, d, ts, tz, tr, i, dinheiro, s2, s4, s8, texts, bs, ps)
   VALUES (4, '\\N', '\\.', 123456789012345678901234567890123456789.123456789012345678901234567890, 9999999999.99, '1e-38', '4.9e-324',
     '0044-03-15 BC', '4713-01-01 00:00:00 BC', '0001-12-31 23:59:59.999999+00 BC', '(,)', '-178000000 years', '-92233720368547758.08', 32767, 2147483647, -9223372036854775808,
     '{{a,b},{NULL,"NULL"}}', '[0:1]={t,f}', '{}')`,
  `INSERT INTO ${awkwardTable} ("Id; ""n""", texto, n, f4, f8, d, ts, tz, i, h, hz, tzs)
   VALUES (5, E'\\r', '-Infinity', 'NaN', '-Infinity', 'infinity', '-infinity', 'infinity', '1 mon -1 day +00:00:00.000001', '00:00:00', '23:59:59.999999+15:59', '{"0044-03-15 12:00:00+00 BC"}'),
          (6, E'\\n', 'Infinity', '3.4028235e38', '1.7976931348623157e308', '5874897-12-31', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00', '@ 4 years 5 mons ago', '04:05:06.7', '00:00:00-15:59', NULL),
          (7, '"', 1e-100, 1e10, 123456789012345680, '-infinity', '1970-01-01', '1970-01-01 00:00:00+00', '-00:00:00.5', NULL, NULL, '{}'),
          (8, ',', 1e100, 0.3, 1e15, NULL, NULL, '1900-01-01 00:00:00+00', '14 mons 3 days', NULL, NULL, NULL)`,
  // Every control character but the zero byte, and characters of every plane.
  `INSERT INTO ${awkwardTable} ("Id; ""n""", texto, "SELECT", j, n, ints, texts, ts)
     SELECT 12, string_agg(chr(n), ''), (SELECT string_agg(chr(plane * 65536 + 65535) || chr(plane * 65536 + 57344), '') FROM generate_series(0, 16) AS plane),
            to_json(string_agg(chr(n), '')), (repeat('9', 1000) || '.' || repeat('1', 1000))::numeric, '[0:2][-1:-1]={{1},{NULL},{3}}', ARRAY[string_agg(chr(n), '')], '12025-01-01'
       FROM generate_series(1, 255) AS n`,
  `INSERT INTO ${awkwardTable} ("Id; ""n""", texto, varc, "SELECT") VALUES (9, 'unchanged-toast-datum', 'null', ' new-tuple: id[integer]:1'), (10, 'true', 'false', E'table public.t: INSERT: id[integer]:1\\nCOMMIT 5')`,
  `INSERT INTO ${awkwardTable} ("Id; ""n""", texto, jb, bin) SELECT 11, string_agg(md5(n::text), ',"' || E'\\n'), jsonb_agg(n::text), decode(string_agg(md5(n::text), ''), 'hex') FROM generate_series(1, 3000) AS n`,
]

/** What a database's owner may set, and what would change the bytes of the lake if it were followed. */
export const hostileDefaults = (database: string): string =>
  Object.entries({
    TimeZone: "'America/Sao_Paulo'",
    DateStyle: "'SQL, DMY'",
    IntervalStyle: "'iso_8601'",
    bytea_output: "'escape'",
    extra_float_digits: "'0'",
    xmlbinary: "'hex'",
    quote_all_identifiers: "on",
    search_path: `"Ação; 1", public`,
    client_encoding: "'LATIN1'",
    standard_conforming_strings: "off",
    default_transaction_read_only: "on",
    default_transaction_isolation: "'serializable'",
    client_min_messages: "'debug1'",
  })
    .map(([name, value]) => `ALTER DATABASE ${database} SET ${name} = ${value};`)
    .join("\n")

/** The settings of the contract, for a session that says how the bytes must be. */
export const promisedSettings = `
  SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex';
  SET extra_float_digits = 1; SET client_encoding = 'UTF8'; SET lc_monetary = 'C'; SET search_path = pg_catalog;
  SET quote_all_identifiers = off; SET standard_conforming_strings = on; SET xmlbinary = 'base64';
  SET default_transaction_read_only = off;`

/** The table as the lake shall hold it: in table order, the one column of type boolean as \`true\` and \`false\`. */
export const awkwardColumns: ReadonlyArray<string> = [
  '"Id; ""n"""',
  ..."texto varc fixed one nome _op _op_ _seq s2 s4 s8 n n2 f4 f8 dinheiro o".split(" "),
  "b::text AS b",
  ..."bs b_dom cod cor cores p ps r tr tm d h hz ts tz i tzs is_ j jb jp x bin bins u ip net mac bit3 vb".split(
    " ",
  ),
  ..."ints texts f8s pt poly tsv tsq lsn cls typ hs ci lt".split(" "),
  '"tab\te\nlinha"',
  '"SELECT"',
  "dobro",
]
