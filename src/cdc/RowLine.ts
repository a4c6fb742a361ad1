/** Lines of the slot that must be decoded, as the changes of rows that they tell. */
import { Result } from "effect"
import type { Change, Table } from "../core/Change.ts"
import type { RowChange } from "../core/IncRow.ts"
import { type LongLine, type LongText, longLineBytes, readLongLine } from "../core/LongLine.ts"
import type { SlotLine } from "../core/SlotLine.ts"
import { decodeSlotText } from "../core/TestDecoding.ts"
import type { Refusal } from "../services/Refusal.ts"
import { malformed } from "./Transactions.ts"

export interface RowLine {
  /** None where the line tells of no row. */
  readonly change: RowChange | undefined
  /** Where the change holds marks: what they stand for. */
  readonly long: LongLine | undefined
}

/** Whether its values are too long for strings. */
export const isLong = (line: SlotLine): boolean => line.length > longLineBytes

const textOf = (
  line: SlotLine,
): Result.Result<Pick<LongText, "text"> & { readonly long: LongLine | undefined }, string> =>
  isLong(line)
    ? readLongLine(line.bytes.subarray(line.start, line.end))
    : Result.succeed({ text: line.text, long: undefined })

const isRow = (change: Change): change is RowChange =>
  change._tag === "Insert" ||
  change._tag === "Update" ||
  change._tag === "Delete" ||
  change._tag === "Truncate"

export const readRowLine = (line: SlotLine): Result.Result<RowLine, Refusal> => {
  const found = textOf(line)
  if (Result.isFailure(found)) return Result.fail(malformed(line.lsn, found.failure))
  const { text, long } = found.success
  const change = decodeSlotText(text)
  if (Result.isFailure(change)) return Result.fail(malformed(line.lsn, change.failure.message))
  return Result.succeed({ change: isRow(change.success) ? change.success : undefined, long })
}

export const tablesOf = (change: RowChange): ReadonlyArray<Table> =>
  change._tag === "Truncate" ? change.tables : [change.table]

/** The same for the same table. */
export const tableKey = (table: Table): string => `${table.schema}\0${table.name}`
