/**
 * Ways to say where PostgreSQL is, for psql and for the program: both connect to servers that tell whom they heard.
 * `{primary}`, `{standby}` and `{nobody}` are ports of 127.0.0.1, `{folder}` is the folder of the primary's socket, and
 * `{home}` holds the form's files.
 */

export interface Form {
  /** `DATABASE_URL`, and psql's argument. Empty: neither is given. */
  readonly url: string
  readonly environment?: Readonly<Record<string, string>>
  /** File name in the home folder, and content; mode 600 unless `openFiles`. */
  readonly files?: Readonly<Record<string, string>>
  readonly openFiles?: boolean
  /** We refuse it, whatever psql does, with a message that holds this. */
  readonly refused?: string
}

const pw = { PGPASSWORD: "pw" }
const service =
  "[other]\nport=1\n\n# ours\n[loja]\nhost=127.0.0.1\nport={primary}\nuser=ana\ndbname=loja\npassword=s:e\n[last]\nhost=x\n"
const base = "postgres://ana:pw@127.0.0.1:{primary}/loja"

export const forms: ReadonlyArray<Form> = [
  { url: base },
  { url: "postgresql://ana:p%40s%2Fs%23@127.0.0.1:{primary}/loja" },
  { url: "postgres://ana:a:b?c@127.0.0.1:{primary}/loja" },
  { url: "postgres://ana:pw@127.0.0.1:{primary}" },
  { url: "postgres://ana:pw@127.0.0.1:{primary}/" },
  { url: "postgres://127.0.0.1:{primary}/loja", environment: pw },
  { url: "postgres://ana@127.0.0.1:{primary}/loja" },
  { url: "postgres://ana:@127.0.0.1:{primary}/loja", environment: pw },
  { url: "postgres://:pw@127.0.0.1:{primary}/loja" },
  { url: "postgres://127.0.0.1:{primary}/qp?user=ana&password=pw" },
  { url: "postgres://ana:pw@127.0.0.1:{primary}?dbname=qp" },
  { url: "postgres://ana:pw@127.0.0.1:{primary}/loja?dbname=qp&user=bob&port={standby}" },
  { url: "postgres://ana:pw@/loja?host=127.0.0.1&port={primary}" },
  { url: "postgres:///loja?host={folder}&port={primary}&user=ana&password=pw" },
  { url: "postgres://ana:pw@/loja?host={folder}", environment: { PGPORT: "{primary}" } },
  {
    url: "postgres:///qp?host={folder}&port={primary}&user=ana",
    environment: { ...pw, PGPORT: "{standby}", PGUSER: "bob" },
  },
  { url: "postgres:///loja?host={folder}/&port={primary}&user=ana&password=pw" },
  { url: "postgres://ana:pw@{encodedFolder}:{primary}/loja" },
  { url: "postgres://ana:pw@[::ffff:127.0.0.1]:{primary}/loja" },
  { url: "postgres://ana:pw@[]:{primary}/loja" },
  { url: "postgres://ana:pw@[::1/loja" },
  { url: "postgres://ana:pw@db.invalid:{primary}/loja?hostaddr=127.0.0.1" },
  { url: "postgres://ana:pw@:{primary}/loja?hostaddr=127.0.0.1" },
  { url: "postgres://ana:pw@db.invalid:{primary}/loja?hostaddr=localhost" },
  { url: "postgres://ana:pw@a.invalid,b.invalid/loja?hostaddr=127.0.0.1" },
  { url: "postgres://ana:pw@127.0.0.1:port/loja" },
  { url: "postgres://ana:pw@127.0.0.1:0/loja" },
  { url: "postgres://ana:pw@127.0.0.1:65536/loja" },
  { url: "postgres://ana:pw@127.0.0.1:/loja", environment: { PGPORT: "{primary}" } },
  { url: "postgres://ana:p%zz@127.0.0.1:{primary}/loja" },
  { url: "postgres://ana:p%00@127.0.0.1:{primary}/loja" },
  { url: "postgres://ana:p%C3%A7@127.0.0.1:{primary}/a%C3%A7%C3%A3o" },
  { url: `${base}?application_name=nightly%20copy` },
  { url: base, environment: { PGAPPNAME: "from the environment" } },
  { url: `${base}?fallback_application_name=x` },
  { url: `${base}?options=-c%20geqo%3Doff` },
  { url: base, environment: { PGOPTIONS: "-c geqo=off" } },
  { url: `${base}?options=`, environment: { PGOPTIONS: "-c geqo=off" } },
  { url: `${base}?connect_timeout=3` },
  { url: `${base}?connect_timeout=soon` },
  { url: `${base}?sslmode=disable` },
  { url: `${base}?sslmode=require` },
  { url: `${base}?ssl=true` },
  { url: `${base}?ssl=false` },
  { url: `${base}?sslmode=maybe` },
  { url: `${base}?sslmode=` },
  { url: `${base}?sslmode` },
  { url: `${base}?sslmode=disable=x` },
  { url: `${base}?` },
  { url: `${base}?sslmode=disable&` },
  { url: `${base}?pgbouncer=true&schema=public` },
  {
    url: `${base}?channel_binding=prefer&gssencmode=disable&sslcompression=0&keepalives=1&client_encoding=UTF8`,
  },
  { url: `${base}?target_session_attrs=primary` },
  { url: `${base}?target_session_attrs=read-write` },
  { url: `${base}?target_session_attrs=prefer-standby` },
  { url: `${base}?target_session_attrs=standby` },
  { url: `${base}?target_session_attrs=read-only` },
  { url: `${base}?target_session_attrs=master` },
  { url: "postgres://ana:pw@127.0.0.1:{standby}/loja?target_session_attrs=read-write" },
  { url: "postgres://ana:pw@127.0.0.1:{standby}/loja?target_session_attrs=primary" },
  ...["any", "read-write", "primary", "read-only", "standby", "prefer-standby"].flatMap((target) => [
    { url: `postgres://ana:pw@127.0.0.1:{standby},127.0.0.1:{primary}/loja?target_session_attrs=${target}` },
    { url: `postgres://ana:pw@127.0.0.1:{primary},127.0.0.1:{standby}/loja?target_session_attrs=${target}` },
  ]),
  { url: "postgres://ana:pw@127.0.0.1:{nobody},127.0.0.1:{primary}/loja" },
  { url: "postgres://ana:pw@127.0.0.1,127.0.0.1/loja?port={nobody},{primary}" },
  { url: "postgres://ana:pw@127.0.0.1,127.0.0.1/loja?port={primary}" },
  { url: "postgres://ana:pw@127.0.0.1,127.0.0.1/loja?port=1,2,3" },
  { url: "postgres:///loja?host=127.0.0.1,{folder}&port={nobody},{primary}&user=ana&password=pw" },
  {
    url: "postgres://ana:pw@/loja",
    environment: { PGHOST: "127.0.0.1,127.0.0.1", PGPORT: "{nobody},{standby}" },
  },
  {
    url: "",
    environment: { PGHOST: "127.0.0.1", PGPORT: "{primary}", PGUSER: "ana", PGDATABASE: "loja", ...pw },
  },
  {
    url: "",
    environment: { PGHOST: "db.invalid", PGHOSTADDR: "127.0.0.1", PGPORT: "{primary}", PGUSER: "ana", ...pw },
  },
  {
    url: "",
    environment: {
      PGHOST: "127.0.0.1,127.0.0.1",
      PGPORT: "{standby},{primary}",
      PGUSER: "ana",
      PGTARGETSESSIONATTRS: "read-write",
      ...pw,
    },
  },
  { url: "", environment: { PGHOST: "{folder}", PGPORT: "{primary}", PGUSER: "ana", ...pw } },
  { url: "", environment: { PGHOST: "127.0.0.1", PGPORT: "{primary}", PGSSLMODE: "sometimes", ...pw } },
  { url: "postgres:///?service=loja", files: { ".pg_service.conf": service } },
  { url: "postgres://bob@/qp?service=loja", files: { ".pg_service.conf": service } },
  {
    url: "postgres:///?service=loja",
    environment: { PGUSER: "bob", PGAPPNAME: "env" },
    files: { ".pg_service.conf": service },
  },
  { url: "postgres:///?service=nowhere", files: { ".pg_service.conf": service } },
  { url: "postgres:///?service=loja" },
  { url: "", environment: { PGSERVICE: "loja" }, files: { ".pg_service.conf": service } },
  {
    url: "",
    environment: { PGSERVICE: "loja", PGSERVICEFILE: "{home}/services" },
    files: { services: service },
  },
  {
    url: "",
    environment: { PGSERVICE: "loja", PGSERVICEFILE: "{home}/not-there" },
    files: { ".pg_service.conf": service },
  },
  {
    url: "",
    environment: { PGSERVICE: "loja", PGSYSCONFDIR: "{home}" },
    files: { "pg_service.conf": service },
  },
  { url: "", environment: { PGSERVICE: "loja" }, files: { ".pg_service.conf": "[loja]\nhost = x\n" } },
  { url: "", environment: { PGSERVICE: "loja" }, files: { ".pg_service.conf": "[loja]\nhost\n" } },
  { url: "", environment: { PGSERVICE: "loja" }, files: { ".pg_service.conf": "[loja]\nservice=last\n" } },
  {
    url: "",
    environment: { PGSERVICE: "loja" },
    files: { ".pg_service.conf": "[loja]\nhost=127.0.0.1\nhost=x\nport={primary}\nuser=ana\npassword=pw\n" },
  },
  {
    url: "postgres://ana@127.0.0.1:{primary}/loja",
    files: { ".pgpass": "127.0.0.1:{primary}:loja:ana:from file\n" },
  },
  { url: "postgres://ana:pw@127.0.0.1:{primary}/loja", files: { ".pgpass": "*:*:*:*:from file\n" } },
  {
    url: "postgres://ana@127.0.0.1:{primary}/loja",
    files: { ".pgpass": "# c\n\n127.0.0.1:1:*:*:no\n*:*:*:ana:a\\:b\\\\c:rest\n" },
  },
  { url: "postgres://ana@127.0.0.1:{primary}/loja", files: { ".pgpass": "*:*:other:ana:no\n" } },
  { url: "postgres://ana@127.0.0.1:{primary}/loja", files: { ".pgpass": "*:*:*:*:pw\n" }, openFiles: true },
  {
    url: "postgres://ana@127.0.0.1:{primary}/loja?passfile={home}/mine",
    files: { mine: "*:*:*:*:mine\n", ".pgpass": "*:*:*:*:no\n" },
  },
  {
    url: "postgres://ana@127.0.0.1:{primary}/loja",
    environment: { PGPASSFILE: "{home}/mine" },
    files: { mine: "*:*:*:*:mine\r\n" },
  },
  {
    url: "postgres://a%3Ab@db.invalid:{primary}/loja?hostaddr=127.0.0.1",
    files: { ".pgpass": "127.0.0.1:*:*:*:no\ndb.invalid:*:loja:a\\:b:by name\n" },
  },
  {
    url: "postgres:///loja?host={folder}&port={primary}&user=ana",
    files: { ".pgpass": "localhost:*:*:*:no\n{folder}:*:*:*:by folder\n" },
  },
  {
    url: "postgres://ana@127.0.0.1:{nobody},127.0.0.1:{primary}/loja",
    files: { ".pgpass": "*:{nobody}:*:*:first\n*:{primary}:*:*:second\n" },
  },
  { url: "host=127.0.0.1 port={primary} user=ana dbname=loja password='p w\\'s'" },
  { url: "host = 127.0.0.1 port={primary} user=ana password=a\\ b" },
  {
    url: "host=127.0.0.1,127.0.0.1 port={nobody},{primary} user=ana password=pw target_session_attrs=primary",
  },
  {
    url: "host=127.0.0.1 port={primary} user=ana dbname='' password=pw",
    environment: { PGDATABASE: "loja" },
  },
  { url: "host=127.0.0.1 port={primary} user=ana password='pw" },
  { url: "host=127.0.0.1 port={primary} user ana" },
  { url: "host=127.0.0.1 port={primary} user=ana pgbouncer=true" },
  // Stricter than libpq, because it may be the rest of a password that is not coded.
  { url: "postgres://ana:p#w@127.0.0.1:{primary}/loja", refused: '"#"' },
  { url: "postgres://ana:p@w@127.0.0.1:{primary}/loja", refused: '"@"' },
  { url: "postgres://ana:pw@127.0.0.1:{primary}/lo/ja", refused: '"/"' },
  { url: "postgres://ana:pw@127.0.0.1:{primary}/lo@ja", refused: '"@"' },
  { url: "postgres://ana:p w@127.0.0.1:{primary}/loja", refused: "blank" },
  { url: "postgres://ana:p%E7@127.0.0.1:{primary}/loja", refused: "UTF-8" },
  { url: `${base}?user=`, refused: "user" },
  // What libpq can do and we cannot.
  { url: `${base}?channel_binding=require`, refused: "channel_binding" },
  { url: `${base}?gssencmode=require`, refused: "gssencmode" },
  { url: `${base}?sslcrl=/crl.pem`, refused: "sslcrl" },
  { url: `${base}?requirepeer=postgres`, refused: "requirepeer" },
  { url: `${base}?keepalives_idle=30`, refused: "keepalives_idle" },
  { url: `${base}?client_encoding=LATIN1`, refused: "client_encoding" },
  { url: `${base}?replication=database`, refused: "replication" },
  { url: base, environment: { PGCHANNELBINDING: "require" }, refused: "PGCHANNELBINDING" },
  { url: base, environment: { PGSSLCRL: "/crl.pem" }, refused: "PGSSLCRL" },
  { url: base, environment: { PGREQUIRESSL: "1" }, refused: "PGREQUIRESSL" },
]
