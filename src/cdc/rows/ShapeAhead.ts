/**
 * The shape of an object that a DELETE or TRUNCATE begins. These do not name all columns of their table, and the catalog may
 * have changed since. So the rest of the transaction is looked through, for its rows are not divided between objects
 * unless the columns change inside it.
 */
import { Effect, Option, Stream } from "effect"
import { toBytes } from "../../core/bytes/Bytes.ts"
import { ColumnOrder } from "../../core/row/ColumnOrder.ts"
import { type RowChange, type Shape, shapeOf } from "../../core/row/IncRow.ts"
import { OldRows } from "../../core/slot/OldRows.ts"
import type { SlotLine } from "../../core/slot/SlotLine.ts"
import { printName, quoteName } from "../../core/slot/text/PrintedName.ts"
import type { TableName } from "../../core/source/SourceTable.ts"
import { SourceTables } from "../../services/source/SourceTables.ts"
import { readRowLine } from "./RowLine.ts"
import type { Transaction } from "./Transactions.ts"

/**
 * How a line of one row of the table begins. Versions of PostgreSQL quote a few names more or less. Told by the bytes,
 * because most lines may be another table's.
 */
const isOf = (names: ReadonlyArray<TableName>): ((line: SlotLine) => boolean) => {
  const forms = [printName, quoteName]
  const beginnings = names.flatMap((table) =>
    forms.flatMap((schema) =>
      forms.map((name) =>
        Buffer.from(`table ${schema(toBytes(table.schema))}.${name(toBytes(table.name))}: `, "latin1"),
      ),
    ),
  )
  return ({ bytes, start }) =>
    beginnings.some((beginning) => beginning.every((code, i) => bytes[start + i] === code))
}

interface Ahead {
  /** What the old rows name, up to where the columns change. */
  readonly named: ColumnOrder
  /** All columns, where an INSERT or UPDATE tells them before they change. */
  readonly whole: Shape | undefined
}

const lookAhead = Effect.fnUntraced(function* (
  isOurs: (line: SlotLine) => boolean,
  { held, spooled }: Transaction,
  from: number,
) {
  const old = new OldRows()
  let whole: Shape | undefined
  /** Whether it tells all that is to be known. */
  const learn = (change: RowChange | undefined): boolean => {
    if (change?._tag === "Delete") return !old.add(change)
    if (change?._tag !== "Insert" && change?._tag !== "Update") return false
    const shape = shapeOf(change)
    if (old.named.fitsIn(shape)) whole = shape
    return true
  }
  const learnFrom = Effect.fnUntraced(function* (lines: ReadonlyArray<SlotLine>) {
    for (const line of lines) {
      if (line.ordinal < from || (!line.isMarked && old.knows(line)) || !isOurs(line)) continue
      if (learn(yield* Effect.fromResult(readRowLine(line)))) return true
    }
    return false
  })
  yield* Option.getOrElse(spooled, () => Stream.succeed(held)).pipe(
    Stream.mapEffect(learnFrom),
    Stream.takeUntil((done) => done),
    Stream.runDrain,
  )
  return { named: old.named, whole } satisfies Ahead
})

/**
 * Finds the shapes of one dataset's objects, for the time of one batch. `names` are those under which its rows come;
 * `lastColumns` are what the lake knows of a table that the catalog does not know any more.
 */
export const shapeFinder = Effect.fnUntraced(function* <E, R>(
  table: TableName,
  names: ReadonlyArray<TableName>,
  lastColumns: Effect.Effect<Shape, E, R>,
) {
  const tables = yield* SourceTables
  const isOurs = isOf(names)
  // Asked once: whatever a batch tells was committed before the batch began.
  const catalog = yield* Effect.cached(
    tables.describe(table).pipe(
      Effect.map(({ columns }): Shape => columns.map(({ name }) => toBytes(name))),
      // Dropped since.
      Effect.catchIf(
        (error) => error.reason === "SchemaOrTableMissing",
        () => lastColumns,
      ),
    ),
  )
  /** What is known of a table that the catalog does not know any more. */
  let remembered = new ColumnOrder()

  /**
   * INSERT and UPDATE bring their own. DELETE and TRUNCATE take that of the next one in their transaction; else the catalog's;
   * or where a later ALTER has made that of no use, the columns that the DELETEs name, and those of such objects before.
   */
  return Effect.fnUntraced(function* (change: RowChange, transaction: Transaction, seq: number) {
    if (change._tag === "Insert" || change._tag === "Update") return shapeOf(change)
    const { named, whole } = yield* lookAhead(isOurs, transaction, transaction.beginOrdinal + seq)
    if (whole !== undefined) return whole
    const current = yield* catalog
    if (named.fitsIn(current)) return current
    const shape = named.inOrder(current) ?? []
    if (!remembered.add(shape)) {
      remembered = new ColumnOrder()
      remembered.add(shape)
    }
    return remembered.inOrder(current) ?? shape
  })
})
