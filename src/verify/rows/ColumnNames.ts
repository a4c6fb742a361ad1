/**
 * Holds the headers of `inc` to the names that the table's columns have, or had when it was copied. A name that is neither
 * came and went between two copies, or somebody changed it: the lake cannot tell which, so that this is no difference.
 */
import { Option } from "effect"
import { fromBytes, toBytes } from "../../core/bytes/Bytes.ts"
import type { Fulls } from "../../lake/LakeInventory.ts"
import type { TableDescription } from "../../services/source/SourceTables.ts"
import { unknownNames } from "./ColumnPlaces.ts"

export interface UnknownColumn {
  readonly column: string
  /** The first that names it. */
  readonly object: string
}

export interface ColumnNames {
  /** `columns` are the table's in the header of `object`, as byte strings. */
  readonly see: (object: string, columns: ReadonlyArray<string>) => void
  readonly unknown: () => ReadonlyArray<UnknownColumn>
}

export const columnNames = (
  { columns, virtualColumns }: Pick<TableDescription, "columns" | "virtualColumns">,
  { newest, older }: Pick<Fulls, "newest" | "older">,
): ColumnNames => {
  const copies = [...Option.toArray(newest), ...older]
  const ever = [columns, ...copies.map((copy) => copy.columns)].flatMap((of) => of.map(({ name }) => name))
  const known = new Set([...ever, ...virtualColumns].map(toBytes))
  const found = new Map<string, string>()
  return {
    see: (object, header) => {
      for (const name of unknownNames(header, known)) if (!found.has(name)) found.set(name, object)
    },
    unknown: () => [...found].map(([name, object]) => ({ column: fromBytes(name), object })),
  }
}
