/** Rebuilds a table row by row and compares it: what a reader of the lake does, in the fewest steps. */
import { createHash } from "node:crypto"
import { fromBytes, toBytes } from "../../../src/core/bytes/Bytes.ts"
import type { RowDifference, RowKey } from "../../../src/core/lake/LakeFinding.ts"
import type { ComparedTable } from "../../../src/services/lake/ComparedRows.ts"
import {
  type ChangedRow,
  compareLocations,
  comparePositions,
  compareText,
  type RowValues,
  type StoredRow,
} from "./MemoryRows.ts"

/** What `changes` leave to be replayed, in order: each once, and nothing that a TRUNCATE of its partition has removed. */
export const changesToReplay = (copied: ReadonlyArray<StoredRow>, changes: ReadonlyArray<ChangedRow>) => {
  const ordered = changes.toSorted((a, b) => comparePositions(a, b) || compareLocations(a, b))
  const found = new Map<string, ChangedRow>()
  for (const change of ordered) {
    const id = `${change.lsn} ${change.seq} ${change.partition ?? ""}`
    if (!found.has(id)) found.set(id, change)
  }
  const once = [...found.values()]
  const emptied = new Map(
    once.flatMap(({ op, partition }, i) => (op === "T" ? [[partition, i] as const] : [])),
  )
  return {
    copied: copied.filter(({ partition }) => !emptied.has(partition)).map(({ values }) => values),
    changes: once.filter(({ partition }, i) => i > (emptied.get(partition) ?? -1)),
  }
}

/** Counts the changes that do not identify their row. */
export const unidentified = (
  { key, followsChanges }: ComparedTable,
  changes: ReadonlyArray<ChangedRow>,
): number =>
  changes.filter(({ op, values, old }) => {
    if (op === "I") return false
    if (!followsChanges) return true
    return key.length > 0 ? key.some((index) => values[index] === null) : op === "U" && old === undefined
  }).length

/** A row as it was last known under its key. */
interface KnownRow {
  readonly values: RowValues
  readonly lives: boolean
}

const textOf = (values: RowValues): string => JSON.stringify(values)

/** Returns the old row of a change, as far as the WAL held it. */
const oldValues = (columns: ReadonlyArray<string>, { old }: ChangedRow): RowValues =>
  columns.map((column) => old?.get(toBytes(column)) ?? null)

const rebuilt = (
  { columns, key }: ComparedTable,
  copied: ReadonlyArray<RowValues>,
  changes: ReadonlyArray<ChangedRow>,
): ReadonlyMap<string, RowValues> => {
  const keyOf = (values: RowValues) => textOf(key.map((index) => values[index] ?? null))
  const known = new Map(copied.map((values): [string, KnownRow] => [keyOf(values), { values, lives: true }]))
  const end = (of: string) => {
    const row = known.get(of)
    if (row !== undefined) known.set(of, { ...row, lives: false })
  }
  for (const change of changes) {
    const { op, values, unsent } = change
    const now = keyOf(values)
    if (op === "D") {
      end(now)
      continue
    }
    const old = oldValues(columns, change)
    const then = op === "U" ? keyOf(values.map((value, index) => old[index] ?? value)) : now
    const former = known.get(then)?.values
    if (then !== now) end(then)
    const whole = values.map((value, index) => (unsent.includes(index) ? (former?.[index] ?? null) : value))
    known.set(now, { values: whole, lives: true })
  }
  return new Map([...known].filter(([, { lives }]) => lives).map(([of, { values }]) => [of, values]))
}

const printed = (value: string | null | undefined) => (value == null ? null : fromBytes(value))

export const keyedDifferences = (
  table: ComparedTable,
  live: ReadonlyArray<RowValues>,
  copied: ReadonlyArray<RowValues>,
  changes: ReadonlyArray<ChangedRow>,
): ReadonlyArray<RowDifference> => {
  const { columns, key } = table
  const compareKeys = (a: RowValues, b: RowValues) =>
    key.reduce((found, index) => found || compareText(a[index] ?? "", b[index] ?? ""), 0)
  const keyOf = (values: RowValues): RowKey =>
    key.map((index) => [columns[index] ?? "", printed(values[index])] as const)
  const ofLake = rebuilt(table, copied, changes)
  const ofTable = rebuilt(table, live, [])
  const onlyIn = (one: ReadonlyMap<string, RowValues>, other: ReadonlyMap<string, RowValues>) =>
    [...one].flatMap(([text, values]) => (other.has(text) ? [] : [values])).sort(compareKeys)
  const different = [...ofTable].flatMap(([text, values]) => {
    const others = ofLake.get(text)
    const differing = columns.filter((_, index) => others !== undefined && others[index] !== values[index])
    return differing.length > 0 ? [{ values, differing }] : []
  })
  return [
    ...different
      .sort((a, b) => compareKeys(a.values, b.values))
      .map(({ values, differing }) => ({
        kind: "different" as const,
        key: keyOf(values),
        columns: differing,
      })),
    ...onlyIn(ofLake, ofTable).map((values) => ({ kind: "extra" as const, key: keyOf(values) })),
    ...onlyIn(ofTable, ofLake).map((values) => ({ kind: "missing" as const, key: keyOf(values) })),
  ]
}

const digestOf = (values: RowValues): string => {
  const parts = values.map(printed).map((value) => (value === null ? "" : `${[...value].length}:${value}`))
  return createHash("md5")
    .update([...parts, ...Array(Math.max(0, 2 - parts.length)).fill("")].join())
    .digest("hex")
}

/** For rows without a key. Order does not matter: an insert adds a row, and a delete takes one away. */
export const countedDifferences = (
  { columns, followsChanges }: ComparedTable,
  live: ReadonlyArray<RowValues>,
  copied: ReadonlyArray<RowValues>,
  changes: ReadonlyArray<ChangedRow>,
): ReadonlyArray<RowDifference> => {
  const counts = new Map<string, { readonly values: RowValues; times: number }>()
  const count = (values: RowValues, times: number) => {
    const found = counts.get(textOf(values)) ?? { values, times: 0 }
    counts.set(textOf(values), { values, times: found.times + times })
  }
  for (const values of live) count(values, -1)
  for (const values of copied) count(values, 1)
  for (const change of changes) {
    count(change.values, change.op === "D" ? -1 : 1)
    if (change.op === "U" && followsChanges) count(oldValues(columns, change), -1)
  }
  const found = [...counts.values()].filter(({ times }) => times !== 0)
  return found
    .map(({ values, times }) => ({
      kind: times > 0 ? ("extra" as const) : ("missing" as const),
      rows: Math.abs(times),
      digest: digestOf(values),
    }))
    .sort((a, b) => compareText(a.kind, b.kind) || compareText(a.digest, b.digest))
}
