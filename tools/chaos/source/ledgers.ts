/**
 * The tables that the writers write. All have the same columns, and differ in what PostgreSQL logs of them. `mark` is
 * another number with every change, so that each can be told from all others; key and mark stand first, where a line of
 * the slot is sure to show them.
 */
export interface Ledger {
  /** Table in the schema `chaos`, and dataset. */
  readonly name: string
  readonly setup: string
  /** Values of `big` are stored apart and not sent again when they do not change. */
  readonly large: boolean
  /** Emptied now and then, as are all at once. */
  readonly truncated: boolean
  /** Never dropped. */
  readonly stays: boolean
  /** Always in SOURCE_TABLES, and never another table under the same name: each of its changes must be in `inc`. */
  readonly isWhole: boolean
}

const columns = `a integer, b integer, mark bigint, note text, big text, flag boolean, at timestamptz, PRIMARY KEY (a, b)`
const stored = (name: string) => `ALTER TABLE chaos.${name} ALTER big SET STORAGE EXTERNAL`

export const ledgerSql = (name: string): string =>
  [`CREATE TABLE chaos.${name} (${columns})`, stored(name)].join(";")

const ledger = (name: string, also: Partial<Omit<Ledger, "name">> = {}): Ledger => ({
  name,
  large: false,
  truncated: false,
  stays: true,
  isWhole: true,
  ...also,
  setup: [ledgerSql(name), also.setup ?? ""].join(";"),
})

/** Partitioned by `b`: a writer's range of keys goes over all leaves, and a row whose key moves goes to another one. */
export const eventos = {
  name: "eventos",
  /** These stay. One has its columns in another order (key and mark first all the same), two are below a partition that is partitioned. */
  leaves: ["eventos_baixa", "eventos_meio", "eventos_outra", "eventos_alta"],
  /** Where leaves come and go. Writers that meet a gap there fail, as applications do. */
  range: "FROM (1300) TO (1400)",
  /** What the names of these leaves begin with. */
  passing: "eventos_vai_",
} as const

const partitionedSql = [
  `CREATE TABLE chaos.eventos (${columns}) PARTITION BY RANGE (b)`,
  stored("eventos"),
  "CREATE TABLE chaos.eventos_baixa PARTITION OF chaos.eventos FOR VALUES FROM (MINVALUE) TO (400)",
  "CREATE TABLE chaos.eventos_ramo PARTITION OF chaos.eventos FOR VALUES FROM (400) TO (1300) PARTITION BY RANGE (b)",
  "CREATE TABLE chaos.eventos_meio PARTITION OF chaos.eventos_ramo FOR VALUES FROM (400) TO (900)",
  "CREATE TABLE chaos.eventos_outra (foi text, mark bigint, b integer NOT NULL, a integer NOT NULL, at timestamptz, flag boolean, big text, note text)",
  "ALTER TABLE chaos.eventos_outra DROP COLUMN foi",
  "ALTER TABLE chaos.eventos_ramo ATTACH PARTITION chaos.eventos_outra FOR VALUES FROM (900) TO (1300)",
  "CREATE TABLE chaos.eventos_alta PARTITION OF chaos.eventos FOR VALUES FROM (1400) TO (MAXVALUE)",
  "ALTER TABLE chaos.eventos_meio REPLICA IDENTITY FULL",
].join(";")

/** The last one is not carried, and its lines are counted in `_seq` all the same. */
export const ledgers: ReadonlyArray<Ledger> = [
  ledger("pedidos"),
  ledger("documentos", { large: true }),
  ledger("fichas", { large: true, setup: "ALTER TABLE chaos.fichas REPLICA IDENTITY FULL" }),
  ledger("rascunhos", { truncated: true }),
  { ...ledger(eventos.name), setup: partitionedSql },
  ledger("passagem", { stays: false, isWhole: false }),
  ledger("visita", { isWhole: false }),
]
export const bystander = "outros"

/** Some rows stand there before anything else happens: what `full` copies. */
export const setupSql = [
  "CREATE SCHEMA chaos",
  ...ledgers.map((each) => each.setup),
  `CREATE TABLE chaos.${bystander} (n bigint)`,
  ...ledgers.map(
    ({ name, large }) =>
      `INSERT INTO chaos.${name} SELECT 0, n, -n, 'antes ' || n, ${large ? "repeat(md5(n::text), 150)" : "NULL"}, n % 2 = 0, now() FROM generate_series(1, 200) AS n`,
  ),
].join(";\n")

/** Without `visita`, which is in the list and out of it by turns. */
export const sourceTables = (withVisita: boolean): string =>
  ledgers
    .filter(({ name }) => withVisita || name !== "visita")
    .map(({ name }) => `chaos.${name}`)
    .join(",")
