/**
 * The shape of an object that a DELETE or TRUNCATE begins. These do not name all columns of their table, and the catalog may
 * have changed since. So the rest of the transaction is looked through, for its rows are not divided between objects
 * unless the columns change inside it.
 */
import { Effect } from "effect"
import { toBytes } from "../../core/bytes/Bytes.ts"
import { ColumnOrder } from "../../core/row/ColumnOrder.ts"
import { isWithin, type Shape, shapeOf } from "../../core/row/IncRow.ts"
import type { SlotLine } from "../../core/slot/SlotLine.ts"
import { RowTokenizer } from "../../core/slot/tokens/RowTokenizer.ts"
import { namesOf } from "../../core/slot/tokens/TupleSpans.ts"
import type { TableName } from "../../core/source/SourceTable.ts"
import { SourceTables } from "../../services/source/SourceTables.ts"
import { readLines, type Transaction } from "../../services/source/Transaction.ts"
import { ByTable, refusalOf } from "./RowLine.ts"

interface Ahead {
  /** What the old rows name, up to where the columns change. */
  readonly named: ColumnOrder
  /** All columns, where an INSERT or UPDATE tells them before they change. */
  readonly whole: Shape | undefined
}

const lookAhead = Effect.fnUntraced(function* (
  names: ReadonlyArray<TableName>,
  transaction: Transaction,
  from: number,
) {
  const tokens = new RowTokenizer()
  const ours = new ByTable(names.map((name) => [name, true] as const))
  const named = new ColumnOrder()
  /** What the old row that names most columns names: mostly all that others do. */
  let fullest: Shape = []
  let whole: Shape | undefined
  /** Whether the rest may say more. */
  const learn = (): boolean => {
    if (tokens.tag === "Delete") {
      if (isWithin(tokens.old, fullest)) return true
      const shape = namesOf(tokens.old)
      if (shape.length > fullest.length) fullest = shape
      return named.add(shape)
    }
    if (tokens.tag === "Truncate") return true
    const shape = shapeOf(tokens)
    if (named.fitsIn(shape)) whole = shape
    return false
  }
  yield* readLines(
    transaction,
    Effect.fnUntraced(function* (lines: ReadonlyArray<SlotLine>) {
      for (const line of lines) {
        if (line.ordinal < from) continue
        const isRead = tokens.readHead(line) && (!ours.of(tokens.table) || tokens.readTuples())
        if (!isRead) return yield* refusalOf(line, tokens)
        if (ours.of(tokens.table) && !learn()) return false
      }
      return true
    }),
  )
  return { named, whole } satisfies Ahead
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
  return Effect.fnUntraced(function* (tokens: RowTokenizer, transaction: Transaction, seq: number) {
    if (tokens.tag === "Insert" || tokens.tag === "Update") return shapeOf(tokens)
    const { named, whole } = yield* lookAhead(names, transaction, transaction.beginOrdinal + seq)
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
