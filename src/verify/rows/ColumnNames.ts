/**
 * Compares the headers of `inc` with the column names of the table and of its copies. An unknown name belongs to a column
 * that was added and dropped between two copies, or somebody changed the object. The lake does not say which, so that an
 * unknown name is no difference.
 */
import { Option } from "effect"
import { fromBytes, toBytes } from "../../core/bytes/Bytes.ts"
import type { Fulls } from "../../lake/LakeInventory.ts"
import type { TableDescription } from "../../services/source/SourceTables.ts"
import { unknownNames } from "./ColumnIndexes.ts"

export interface UnknownColumn {
  readonly column: string
  /** Key of the first object that names it. */
  readonly object: string
}

export interface ColumnNames {
  /** `columns` are the table's in the header of `object`, as byte strings. */
  readonly add: (object: string, columns: ReadonlyArray<string>) => void
  readonly unknown: () => ReadonlyArray<UnknownColumn>
}

/** `excluded` are columns of the table that are not in the lake, or were until they were excluded. */
export const columnNames = (
  { columns, virtualColumns }: Pick<TableDescription, "columns" | "virtualColumns">,
  excluded: ReadonlyArray<string>,
  { newest, older }: Pick<Fulls, "newest" | "older">,
  /** Names in the schema history. */
  written: ReadonlyArray<string>,
): ColumnNames => {
  const copies = [...Option.toArray(newest), ...older]
  const ever = [columns, ...copies.map((copy) => copy.columns)].flatMap((of) => of.map(({ name }) => name))
  const known = new Set([...ever, ...written, ...virtualColumns, ...excluded].map(toBytes))
  const found = new Map<string, string>()
  return {
    add: (object, header) => {
      for (const name of unknownNames(header, known)) if (!found.has(name)) found.set(name, object)
    },
    unknown: () => [...found].map(([name, object]) => ({ column: fromBytes(name), object })),
  }
}
