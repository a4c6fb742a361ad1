/**
 * What a second slot tells of the same changes. It was made before the first write and is read once, after the last, so
 * that no crash ever came between. Its lines are taken apart by a few regular expressions, which the writers' values
 * allow, and which share nothing with the decoder under test.
 */
import pg from "pg"
import { eventos, ledgers } from "../source/ledgers.ts"

export const witnessSlot = "chaos_witness"

/** One change of one table as `op lsn seq xid time key mark`, the text by which lake and witness are compared. */
export interface Told {
  readonly at: string
  readonly change: string
}

/** Only the beginnings, where key and mark stand: the large values stay on the server. */
const linesSql = `
  CREATE TEMPORARY TABLE line AS
  SELECT ordinality AS n, lsn::text,
         CASE WHEN strpos(data, ' new-tuple: ') > 0
              THEN left(data, 80) || substr(data, strpos(data, ' new-tuple: '), 120) ELSE left(data, 300) END AS data
    FROM pg_logical_slot_peek_changes('${witnessSlot}', NULL, NULL,
           'include-xids', '1', 'include-timestamp', '1', 'skip-empty-xacts', '1')
         WITH ORDINALITY AS told(lsn, xid, data, ordinality)`

const pageLines = 50_000

const sortable = (lsn: string): string =>
  lsn
    .split("/")
    .map((half) => half.padStart(8, "0"))
    .join("/")

const value = (text: string, column: string): string =>
  new RegExp(`\\b${column}\\[[a-z]+\\]:(-?\\d+)`).exec(text)?.[1] ?? ""

/** What follows the position: operation, key and mark; of a delete the key alone is sure to be logged. */
const described = (data: string): { readonly op: string; readonly what: string } => {
  const op = /^table \S+: (INSERT|UPDATE|DELETE):/.exec(data)?.[1]?.[0] ?? "T"
  const now = op === "U" ? data.replace(/^.* new-tuple: /s, "") : data
  const key = op === "T" ? "" : `${value(now, "a")}/${value(now, "b")}`
  return { op, what: `${key} ${op === "D" || op === "T" ? "" : value(now, "mark")}` }
}

/**
 * The table whose rows a relation has. A TRUNCATE names partitioned tables too, which have none. Leaves that come and go are
 * left out: what was written to one that was created and dropped while nobody looked is in no `inc`, and is told as such.
 */
const datasetOf = (relation: string): string | undefined => {
  if (eventos.leaves.some((leaf) => leaf === relation)) return eventos.name
  return relation.startsWith(eventos.name) ? undefined : relation
}

const tablesOf = (data: string): ReadonlyArray<string> =>
  (/^table ((?:chaos\.\w+(?:, )?)+): /.exec(data)?.[1] ?? "")
    .split(", ")
    .flatMap((name) => datasetOf(name.replace("chaos.", "")) ?? [])

/** The changes of each table, in the order of the log. */
export const readWitness = async (url: string): Promise<ReadonlyMap<string, ReadonlyArray<Told>>> => {
  const told = new Map<string, Array<Told>>(ledgers.map(({ name }) => [name, []]))
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query("SET TimeZone = 'UTC'")
    await client.query(linesSql)
    await client.query("CREATE UNIQUE INDEX ON line (n)")
    let open: Array<{ readonly seq: number; readonly data: string }> = []
    let seq = 0
    let isOpen = false
    for (let from = 0; ; from += pageLines) {
      const { rows } = await client.query<{ lsn: string; data: string }>(
        "SELECT lsn, data FROM line WHERE n > $1 AND n <= $2 ORDER BY n",
        [from, from + pageLines],
      )
      if (rows.length === 0) return told
      for (const { lsn, data } of rows) {
        const commit = /^COMMIT (\d+) \(at (.*)\)$/.exec(data)
        if (data.startsWith("BEGIN")) {
          open = []
          seq = 0
          isOpen = true
        } else if (commit === null) {
          if (isOpen) open.push({ seq: ++seq, data })
        } else {
          isOpen = false
          for (const line of open) {
            const { op, what } = described(line.data)
            const at = `${sortable(lsn)} ${line.seq}`
            const change = `${op} ${at} ${commit[1]} ${commit[2]} ${what}`
            for (const table of tablesOf(line.data)) told.get(table)?.push({ at, change })
          }
        }
      }
    }
  } finally {
    await client.end()
  }
}
