/** Judges the lake when all is quiet: from its objects, the live tables and the witness alone. */
import { relative } from "node:path"
import pg from "pg"
import { difference } from "../../rebuild/compare.ts"
import { datasetFiles } from "../../rebuild/datasetFiles.ts"
import { columnsOf, columnsSql, lakeView, rowsSql } from "../../rebuild/liveTable.ts"
import type { Masks } from "../../rebuild/masks.ts"
import { rebuild } from "../../rebuild/rebuild.ts"
import { type LakeObject, type LakeRow, objectsBelow, rowsOf } from "../lake/lakeReader.ts"
import type { Started } from "../plan.ts"
import { eventos, type Ledger, ledgers } from "../source/ledgers.ts"
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

/** The stamp in an object's name: the newest name is the newest object. */
const stampOf = ({ key }: LakeObject): string => key.replace(/^.*\/cdc_/, "").replace(/\.csv$/, "")

/** Changes of leaves that come and go: the witness leaves them out, too (`datasetOf`). */
const isPassing = ({ _partition }: LakeRow): boolean =>
  _partition?.startsWith(`chaos.${eventos.passing}`) === true

/** Only where rows belong to no leaf is a row that is there already, or is not there, known by its key. */
const isApplied = ({ isWhole, name }: Ledger): boolean => isWhole && name !== eventos.name

/** Every change once and in order; where the table was followed all the time, just those that the witness tells. */
const judgeChanges = async (
  folder: string,
  ledger: Ledger,
  witness: ReadonlyArray<Told>,
  findings: Findings,
) => {
  const { name, isWhole } = ledger
  const rows: Rows = new Map()
  if (isApplied(ledger))
    for await (const row of rowsOf(folder, (await objectsBelow(folder, `full/${name}`)).slice(0, 1)))
      rows.set(keyOf(row), ownColumns(row))
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
    const identity = `${at} ${row["_partition"] ?? ""}`
    const position = `${row["_lsn"]} ${(row["_seq"] ?? "").padStart(12, "0")}`
    const file = relative(folder, row["file"] ?? "")
    if (seen.has(identity)) findings.add(name, "twice", `${identity} in ${file}`)
    else if (position < last) findings.add(name, "not in order", `${at} after ${last} in ${file}`)
    seen.add(identity)
    last = position > last ? position : last
    if (!isWhole || isPassing(row)) continue

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
    const refused = isApplied(ledger) ? apply(rows, row) : undefined
    if (refused !== undefined) findings.add(name, "replay", `${at} ${refused} (${file})`)
  }
  if (isWhole) for (const missing of witness.slice(expected)) findings.add(name, "missing", missing.change)
  return {
    changes: seen.size,
    objects: objects.length,
    bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

/** The table from its newest copy on, by the numbers of its columns, and the table itself. */
const judgeRows = async (
  folder: string,
  { name }: Ledger,
  client: pg.Client,
  masks: Masks,
  findings: Findings,
) => {
  const query = async (text: string, values: ReadonlyArray<string> = []) =>
    (await client.query<Record<string, string | null>>({ text, values: [...values], types: asText })).rows
  const view = lakeView(masks, columnsOf(await query(columnsSql, ["chaos", name])))
  const live = view.rows(await query(rowsSql(`chaos.${name}`, view.columns)))
  const { rows, problems } = rebuild(datasetFiles(folder, name), view.columns)
  for (const what of problems) findings.add(name, "replay from the newest copy", what)
  for (const what of difference(rows, live)) findings.add(name, "row", what)
}

/** Every value as the server's text. */
const asText = { getTypeParser: () => (value: string) => value }

/** `started` says which tables are in the list, and under which masks. */
export const judge = async (
  folder: string,
  url: string,
  { masks, withVisita }: Started,
): Promise<Verdict> => {
  const findings = new Findings()
  const witness = await readWitness(url)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query("SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET extra_float_digits = 1")
    let [changes, objects, bytes] = [0, 0, 0]
    for (const ledger of ledgers) {
      const seen = await judgeChanges(folder, ledger, witness.get(ledger.name) ?? [], findings)
      if (withVisita || ledger.name !== "visita") await judgeRows(folder, ledger, client, masks, findings)
      changes += seen.changes
      objects += seen.objects
      bytes += seen.bytes
    }
    return { changes, objects, bytes, differences: [...findings.all, ...findings.totals] }
  } finally {
    await client.end()
  }
}
