/** Judges the lake when all is quiet: from its objects, the live tables and the witness alone. */
import { relative } from "node:path"
import pg from "pg"
import { type LakeObject, objectsBelow, rowsOf } from "../lake/lakeReader.ts"
import { type Ledger, ledgers } from "../source/ledgers.ts"
import { apply, keyOf, ownColumns, type Rows } from "./replay.ts"
import { readWitness, type Told } from "./witness.ts"

export interface Verdict {
  readonly changes: number
  readonly objects: number
  readonly bytes: number
  /** What is wrong, the first of each kind; none where nothing is. */
  readonly differences: ReadonlyArray<string>
}

/** So many of one kind are told for one table. */
const toldPerKind = 5

class Findings {
  readonly all: Array<string> = []
  readonly #counts = new Map<string, number>()

  add(table: string, kind: string, what: string): void {
    const count = (this.#counts.get(`${table}: ${kind}`) ?? 0) + 1
    this.#counts.set(`${table}: ${kind}`, count)
    if (count <= toldPerKind) this.all.push(`${table}: ${kind}: ${what}`)
  }
  get totals(): ReadonlyArray<string> {
    return [...this.#counts]
      .filter(([, count]) => count > toldPerKind)
      .map(([what, count]) => `${what}: ${count} in all`)
  }
}

/** Every value as the server's text; a boolean as COPY's readers know it, which is what the lake promises. */
const asText = {
  getTypeParser: (type: number) => (value: string) =>
    type === pg.types.builtins.BOOL ? (value === "t" ? "true" : "false") : value,
}

const liveRows = async (client: pg.Client, table: string): Promise<Rows> => {
  const { rows } = await client.query<Record<string, string | null>>({
    text: `SELECT * FROM chaos.${table}`,
    types: asText,
  })
  return new Map(rows.map((row) => [keyOf(row), row]))
}

/** The stamp in an object's name: the newest name is the newest object. */
const stampOf = ({ key }: LakeObject): string => key.replace(/^.*\/cdc_/, "").replace(/\.csv$/, "")

const judgeTable = async (
  folder: string,
  { name }: Ledger,
  witness: ReadonlyArray<Told>,
  live: Rows,
  findings: Findings,
) => {
  const rows: Rows = new Map()
  for await (const row of rowsOf(folder, (await objectsBelow(folder, `full/${name}`)).slice(-1))) {
    rows.set(keyOf(row), ownColumns(row))
  }
  const objects = await objectsBelow(folder, `inc/${name}`)
  objects.slice(1).forEach((object, i) => {
    const before = objects[i]
    if (before !== undefined && stampOf(before) >= stampOf(object))
      findings.add(name, "names not increasing", object.key)
  })
  const places = new Map(witness.map(({ at }, place) => [at, place]))
  const seen = new Set<string>()
  let last = ""
  let expected = 0
  for await (const row of rowsOf(folder, objects)) {
    const at = `${row["_lsn"]} ${row["_seq"]}`
    const position = `${row["_lsn"]} ${(row["_seq"] ?? "").padStart(12, "0")}`
    const file = relative(folder, row["file"] ?? "")
    if (seen.has(at)) findings.add(name, "twice", `${at} in ${file}`)
    else if (position < last) findings.add(name, "not in order", `${at} after ${last} in ${file}`)
    seen.add(at)
    last = position > last ? position : last

    const op = row["_op"] ?? ""
    const what = op === "T" ? " " : `${keyOf(row)} ${op === "D" ? "" : row["mark"]}`
    const change = `${op} ${at} ${row["_xid"]} ${row["_commit_ts"]} ${what}`
    const wanted = witness[expected++]
    if (change !== wanted?.change) {
      findings.add(
        name,
        "not what the witness tells",
        `"${change}" instead of "${wanted?.change}" in ${file}`,
      )
      // After a gap or a repetition the rest may be right: go on from where the witness tells this one.
      expected = (places.get(at) ?? expected - 1) + 1
    }
    const refused = apply(rows, row)
    if (refused !== undefined) findings.add(name, "replay", `${at} ${refused} (${file})`)
  }
  for (const missing of witness.slice(expected)) findings.add(name, "missing", missing.change)

  for (const [key, row] of live) {
    const rebuilt = rows.get(key)
    const columns = Object.entries(row).filter(([column, value]) => (rebuilt?.[column] ?? null) !== value)
    if (rebuilt === undefined) findings.add(name, "row lost", key)
    else if (columns.length > 0)
      findings.add(name, "row differs", `${key} in ${columns.map(([column]) => column)}`)
  }
  for (const key of rows.keys()) if (!live.has(key)) findings.add(name, "row too many", key)
  return {
    changes: seen.size,
    objects: objects.length,
    bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

export const judge = async (folder: string, url: string): Promise<Verdict> => {
  const findings = new Findings()
  const witness = await readWitness(url)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query("SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET extra_float_digits = 1")
    let [changes, objects, bytes] = [0, 0, 0]
    for (const ledger of ledgers) {
      const live = await liveRows(client, ledger.name)
      const seen = await judgeTable(folder, ledger, witness.get(ledger.name) ?? [], live, findings)
      changes += seen.changes
      objects += seen.objects
      bytes += seen.bytes
    }
    return { changes, objects, bytes, differences: [...findings.all, ...findings.totals] }
  } finally {
    await client.end()
  }
}
