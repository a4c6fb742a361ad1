/** Holds every row of `inc` to what the server said of the change when it was made. */
import { arrayElements, metaColumns } from "../../rebuild/incFormat.ts"
import { incNames, type LakeObject } from "./lakeRows.ts"
import type { Column, Look } from "./tableLook.ts"
import type { Values, Witnessed, WitnessedTransaction } from "./witness.ts"

interface IncRow {
  readonly object: LakeObject
  readonly values: Values
}

const short = (value: string | null | undefined): string => {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 200 ? `${text.slice(0, 100)}…${text.slice(-60)} (${text.length})` : text
}

const isSame = (a: ReadonlyArray<unknown>, b: ReadonlyArray<unknown>): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i])

const ofOneLength =
  /^(smallint|integer|bigint|oid|real|double|boolean|date|time|timestamp|interval|uuid|macaddr8?|money|point|line|lseg|box|circle|xid8?|cid|tid|"char"|name|pg_lsn|reg\w+|aclitem)(?=$| |\()[^[]*$/

/** In a table of many columns the server stores values of 20 bytes apart. */
const mayBeApart = ({ type }: Column): boolean => !ofOneLength.test(type)

const keyOf = ({ columns, identity }: Look): ReadonlyArray<Column> =>
  identity === "full" ? columns : identity === "key" ? columns.filter(({ isKey }) => isKey) : []

const checkValues = (
  { object, values }: IncRow,
  { look, row, assigned }: Witnessed,
): ReadonlyArray<string> => {
  const names = incNames(look.columns.map(({ name }) => name))
  if (!isSame(object.header, [...metaColumns, ...names])) {
    return [
      `stands under the header ${short(object.header.join())}, and its columns were ${short(names.join())}`,
    ]
  }
  const unsent = values[6] == null ? [] : arrayElements(values[6])
  return look.columns.flatMap((column, i) => {
    const { name, type } = column
    const [found, wanted = null] = [values[i + metaColumns.length] ?? null, row[i]]
    if (!unsent.includes(name))
      return found === wanted ? [] : [`${short(name)} (${type}) is ${short(found)}, not ${short(wanted)}`]
    const mayBe =
      found === null &&
      wanted !== null &&
      assigned?.has(name) === false &&
      look.identity !== "full" &&
      mayBeApart(column)
    return mayBe ? [] : [`${short(name)} (${type}) is told as unchanged, and is ${short(wanted)}`]
  })
}

const checkBefore = ({ values }: IncRow, { look, row, old = [] }: Witnessed): ReadonlyArray<string> => {
  const found = values[5] ?? null
  const key = keyOf(look)
  const at = (column: Column) => look.columns.indexOf(column)
  const moved = key.some((column) => row[at(column)] !== old[at(column)])
  if (found === null)
    return key.length > 0 && (look.identity === "full" || moved) ? ["_before is missing"] : []
  if (key.length === 0) return [`_before is ${short(found)}, and the row has no identity`]
  // The server logs the old key, too, when a part of it is large: it does not look if that has changed.
  const isLarge = key.some(mayBeApart)
  if (look.identity === "key" && !moved && !isLarge) return [`_before is ${short(found)}, and the key stayed`]
  const wanted = key.flatMap((column) =>
    old[at(column)] == null ? [] : [[column.name, old[at(column)] ?? null] as const],
  )
  const told = Object.entries(JSON.parse(found) as Record<string, unknown>) // what the format says of it
  const known = new Map(told)
  const wrong = wanted.filter(([name, value]) => known.get(name) !== value)
  return [
    ...(told.length === wanted.length ? [] : [`_before has ${told.length} columns, not ${wanted.length}`]),
    ...wrong.map(
      ([name, value]) =>
        `_before has of ${short(name)} ${short(String(known.get(name)))}, not ${short(value)}`,
    ),
  ]
}

/** A column's place in an object that a delete began: the shape is not known, and so not how often `_` was appended. */
const placeOf = (header: ReadonlyArray<string>, name: string): number => {
  const fits = (found: string) =>
    metaColumns.includes(name)
      ? found.startsWith(`${name}_`) && /^_+$/.test(found.slice(name.length))
      : found === name
  const candidates = header.slice(metaColumns.length).filter(fits)
  const longest = candidates.toSorted((a, b) => b.length - a.length)[0]
  return longest === undefined ? -1 : header.indexOf(longest)
}

const checkDeleted = ({ object, values }: IncRow, { look, row }: Witnessed): ReadonlyArray<string> => {
  const wanted = keyOf(look).flatMap((column) => {
    const value = row[look.columns.indexOf(column)]
    return value == null ? [] : [{ name: column.name, place: placeOf(object.header, column.name), value }]
  })
  const places = wanted.map(({ place }) => place)
  const extra = values.findIndex(
    (value, i) => i >= metaColumns.length && value !== null && !places.includes(i),
  )
  return [
    ...wanted.flatMap(({ name, place, value }) =>
      place !== -1 && values[place] === value
        ? []
        : [`${short(name)} of the old row is ${short(values[place])}, not ${short(value)}`],
    ),
    ...(extra === -1
      ? []
      : [`${short(object.header[extra])} is ${short(values[extra])}, and the log has none`]),
  ]
}

const checkEmptied = ({ values }: IncRow): ReadonlyArray<string> =>
  values.slice(metaColumns.length).some((value) => value !== null) ? ["a TRUNCATE has values"] : []

const checkRow = (row: IncRow, change: Witnessed, xid: string): ReadonlyArray<string> => {
  if (row.values[0] !== change.op || row.values[3] !== xid) {
    return [`is ${row.values[0]} of transaction ${row.values[3]}, not ${change.op} of ${xid}`]
  }
  switch (change.op) {
    case "I":
      return checkValues(row, change)
    case "U":
      return [...checkValues(row, change), ...checkBefore(row, change)]
    case "D":
      return checkDeleted(row, change)
    case "T":
      return checkEmptied(row)
  }
}

const positionOf = ({ values }: IncRow): string => `${values[1]} ${(values[2] ?? "").padStart(12, "0")}`

/** The differences of one dataset. */
export const checkInc = (
  dataset: string,
  objects: ReadonlyArray<LakeObject>,
  transactions: ReadonlyArray<WitnessedTransaction>,
): ReadonlyArray<string> => {
  const rows = objects.flatMap((object) => object.rows.map((values): IncRow => ({ object, values })))
  const wanted = transactions.flatMap(({ xid, changes }) =>
    changes.filter((change) => change.dataset === dataset).map((change) => ({ xid, change })),
  )
  const found: Array<string> = []
  if (rows.length !== wanted.length)
    found.push(`${dataset}: inc has ${rows.length} rows, not ${wanted.length}`)
  for (const [i, row] of rows.entries()) {
    const expected = wanted[i]
    const before = rows[i - 1]
    if (before && positionOf(before) >= positionOf(row))
      found.push(`${dataset}, row ${i + 1} of inc: ${positionOf(row)} after ${positionOf(before)}`)
    if (expected === undefined) break
    const wrong = checkRow(row, expected.change, expected.xid)
    found.push(
      ...wrong.map(
        (why) =>
          `${dataset}, row ${i + 1} of inc (${row.object.key}, ${expected.change.op} under ${expected.change.look.identity}): ${why}`,
      ),
    )
    if (wrong.length > 0 && rows.length !== wanted.length) break
  }
  return found
}
