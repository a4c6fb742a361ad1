/** Lines of the slot that must be decoded, as the changes of rows that they tell. */
import { Result } from "effect"
import { toBytes } from "../../core/bytes/Bytes.ts"
import type { RowChange } from "../../core/row/IncRow.ts"
import type { Change, Table } from "../../core/slot/Change.ts"
import { zeroByte } from "../../core/slot/LongLine.ts"
import type { SlotLine } from "../../core/slot/SlotLine.ts"
import { decodeSlotText } from "../../core/slot/TestDecoding.ts"
import type { TableName } from "../../core/source/SourceTable.ts"
import type { Refusal } from "../../services/Refusal.ts"
import { malformed } from "./Transactions.ts"

const isRow = (change: Change): change is RowChange =>
  change._tag === "Insert" ||
  change._tag === "Update" ||
  change._tag === "Delete" ||
  change._tag === "Truncate"

/** Returns the change of a row that the line reports, its long values as marks; undefined where it reports no row. */
export const readRowLine = (line: SlotLine): Result.Result<RowChange | undefined, Refusal> => {
  const { text } = line
  if (!line.isMarked && text.includes("\0")) return Result.fail(malformed(line.lsn, zeroByte))
  const change = decodeSlotText(text)
  if (Result.isFailure(change)) return Result.fail(malformed(line.lsn, change.failure.message))
  return Result.succeed(isRow(change.success) ? change.success : undefined)
}

export const tablesOf = (change: RowChange): ReadonlyArray<Table> =>
  change._tag === "Truncate" ? change.tables : [change.table]

/** The same for the same table, by the names as the slot prints them. */
export const tableKey = (table: Table): string => `${table.schema}\0${table.name}`

/** The same key for a table as the catalog names it: the slot prints names as bytes. */
export const catalogKey = ({ schema, name }: TableName): string =>
  tableKey({ schema: toBytes(schema), name: toBytes(name) })
