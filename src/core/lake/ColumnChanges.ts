/** The difference between two sets of columns of a table: names and types, never values. */
import { printName } from "../slot/text/PrintedName.ts"
import type { SchemaColumn, TableSchema } from "./TableSchema.ts"

export interface ColumnChanges {
  readonly added: ReadonlyArray<string>
  readonly dropped: ReadonlyArray<string>
  readonly renamed: ReadonlyArray<{ readonly from: string; readonly to: string }>
  /** Other changes, as text. */
  readonly altered: ReadonlyArray<string>
}

type Columns = TableSchema["columns"]

/** The same column by its number, or by its name where one of the two has no number. */
const isSameColumn = (a: SchemaColumn, b: SchemaColumn): boolean =>
  a.attnum === null || b.attnum === null ? a.name === b.name : a.attnum === b.attnum

const alterations = (before: SchemaColumn, now: SchemaColumn): ReadonlyArray<string> => {
  const changed: Array<string> = []
  if (before.type !== null && now.type !== null && before.type !== now.type)
    changed.push(`${printName(now.name)} ${before.type} -> ${now.type}`)
  if (before.nullable !== null && now.nullable !== null && before.nullable !== now.nullable)
    changed.push(`${printName(now.name)} ${now.nullable ? "may be NULL" : "NOT NULL"}`)
  return changed
}

const keys = (columns: ReadonlyArray<string>): string => `(${columns.map(printName).join(", ")})`

const keyChanges = (before: TableSchema, now: TableSchema): ReadonlyArray<string> => {
  const changed: Array<string> = []
  const [keyBefore, key] = [before.primary_key, now.primary_key]
  if (keyBefore !== null && key !== null && keys(keyBefore) !== keys(key))
    changed.push(`primary key ${keys(keyBefore)} -> ${keys(key)}`)
  const [identityBefore, identity] = [before.replica_identity, now.replica_identity]
  if (identityBefore !== null && identity !== null && identityBefore !== identity)
    changed.push(`replica identity ${identityBefore} -> ${identity}`)
  return changed
}

export const columnChanges = (before: TableSchema, now: TableSchema): ColumnChanges => {
  const without = (columns: Columns, others: Columns) =>
    columns.filter((one) => !others.some((other) => isSameColumn(one, other))).map(({ name }) => name)
  const kept = now.columns.flatMap((column) => {
    const earlier = before.columns.find((one) => isSameColumn(one, column))
    return earlier === undefined ? [] : [[earlier, column] as const]
  })
  return {
    added: without(now.columns, before.columns),
    dropped: without(before.columns, now.columns),
    renamed: kept
      .filter(([earlier, column]) => earlier.name !== column.name)
      .map(([earlier, column]) => ({ from: earlier.name, to: column.name })),
    altered: [
      ...kept.flatMap(([earlier, column]) => alterations(earlier, column)),
      ...keyChanges(before, now),
    ],
  }
}

/** `+ email, - fax, renamed fone -> telefone, saldo integer -> bigint`; empty if nothing has changed. */
export const printChanges = ({ added, dropped, renamed, altered }: ColumnChanges): string =>
  [
    ...added.map((name) => `+ ${printName(name)}`),
    ...dropped.map((name) => `- ${printName(name)}`),
    ...renamed.map(({ from, to }) => `renamed ${printName(from)} -> ${printName(to)}`),
    ...altered,
  ].join(", ")
