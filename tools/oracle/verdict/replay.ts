/** The table as `full` and the rows of `inc` after it make it, by the published rules alone. */
import { arrayElements, metaColumns } from "../../rebuild/incFormat.ts"
import { isSeen } from "../../rebuild/snapshot.ts"
import type { LakeObject } from "./lakeRows.ts"
import type { Values } from "./witness.ts"

type Row = Map<string, string | null>

const ours = new Set(metaColumns)

/** Back from the name that a column has in `inc`, where it is one of the table's now. */
const ownNames = (
  header: ReadonlyArray<string>,
  columns: ReadonlyArray<string>,
  names: ReadonlyArray<string>,
): ReadonlyArray<string> =>
  header.map((name, i) => (i < ours.size ? name : (columns[names.indexOf(name)] ?? name)))

const identityOf = (row: ReadonlyMap<string, string | null>, key: ReadonlyArray<string>): string =>
  JSON.stringify(key.map((name) => row.get(name) ?? null))

export interface Replayed {
  readonly rows: ReadonlyArray<Values>
  readonly problems: ReadonlyArray<string>
}

export interface ReplayRequest {
  readonly full: LakeObject
  /** Of the manifest that belongs to it. */
  readonly snapshot: string
  readonly inc: ReadonlyArray<LakeObject>
  /** The table's columns now, and their names in `inc`. */
  readonly columns: ReadonlyArray<string>
  readonly incNames: ReadonlyArray<string>
  /** What tells its rows apart: under REPLICA IDENTITY FULL all of the columns. */
  readonly key: ReadonlyArray<string>
}

export const replay = ({ full, snapshot, inc, columns, incNames, key }: ReplayRequest): Replayed => {
  const problems: Array<string> = []
  // Rows that are the same in all columns lie side by side.
  const rows = new Map<string, Array<Row>>()
  const add = (row: Row) => {
    const identity = identityOf(row, key)
    rows.set(identity, [...(rows.get(identity) ?? []), row])
  }
  const remove = (row: ReadonlyMap<string, string | null>, what: string): Row | undefined => {
    const found = rows.get(identityOf(row, key))?.pop()
    if (found === undefined) problems.push(`replay: ${what} of a row that is not there`)
    return found
  }
  for (const values of full.rows) add(new Map(full.header.map((name, i) => [name, values[i] ?? null])))
  for (const { header, rows: changes, key: object } of inc) {
    const names = ownNames(header, columns, incNames)
    for (const values of changes) {
      if (isSeen(snapshot, Number(values[3]))) continue
      const told: Row = new Map(names.map((name, i) => [name, values[i] ?? null] as const).slice(ours.size))
      const where = `${values[0]} at ${values[1]} ${values[2]} in ${object}`
      if (values[0] === "T") rows.clear()
      if (values[0] === "I") add(told)
      if (values[0] === "D") remove(told, where)
      if (values[0] !== "U") continue
      const before =
        values[5] == null ? told : new Map(Object.entries(JSON.parse(values[5]) as Record<string, string>)) // as the format says
      const old = remove(before, where)
      for (const name of values[6] == null ? [] : arrayElements(values[6]))
        told.set(name, old?.get(name) ?? null)
      add(told)
    }
  }
  return {
    rows: [...rows.values()].flat().map((row) => columns.map((name) => row.get(name) ?? null)),
    problems,
  }
}
