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
  /** Gains a column now and then. */
  readonly grows: boolean
}

const columns = `a integer, b integer, mark bigint, note text, big text, flag boolean, at timestamptz, PRIMARY KEY (a, b)`
const stored = (name: string) => `ALTER TABLE chaos.${name} ALTER big SET STORAGE EXTERNAL`

const ledger = (name: string, also: Partial<Omit<Ledger, "name">> = {}): Ledger => ({
  name,
  large: false,
  truncated: false,
  grows: false,
  ...also,
  setup: [`CREATE TABLE chaos.${name} (${columns})`, stored(name), also.setup ?? ""].join(";"),
})

/** The first four are carried; the last is not, and its lines are counted in `_seq` all the same. */
export const ledgers: ReadonlyArray<Ledger> = [
  ledger("pedidos", { grows: true }),
  ledger("documentos", { large: true }),
  ledger("fichas", { large: true, setup: "ALTER TABLE chaos.fichas REPLICA IDENTITY FULL" }),
  ledger("rascunhos", { truncated: true }),
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

export const sourceTables = ledgers.map(({ name }) => `chaos.${name}`).join(",")
