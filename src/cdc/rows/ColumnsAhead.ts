/**
 * Finds the columns of an object that a DELETE or TRUNCATE begins. These do not name all columns of their table, and the
 * catalog may have changed since. So the rest of the transaction is searched: its rows share an object unless the columns
 * change inside it.
 */
import { Effect } from "effect"
import { fromBytes, toBytes } from "../../core/bytes/Bytes.ts"
import { isDropped, type Projection } from "../../core/columns/Projection.ts"
import { ColumnOrder } from "../../core/row/ColumnOrder.ts"
import { isSubsequenceOf } from "../../core/row/ColumnsFit.ts"
import { type Columns, columnsOf } from "../../core/row/IncRow.ts"
import type { SlotLine } from "../../core/slot/SlotLine.ts"
import { RowTokenizer } from "../../core/slot/tokens/RowTokenizer.ts"
import { namesOf } from "../../core/slot/tokens/TupleSpans.ts"
import type { TableName } from "../../core/source/SourceTable.ts"
import { SourceTables } from "../../services/source/SourceTables.ts"
import { readLines, type Transaction } from "../../services/source/Transaction.ts"
import { ByTable, refusalOf } from "./RowLine.ts"

interface Ahead {
  /** The columns that the old rows name, up to where the columns change. */
  readonly named: ColumnOrder
  /** All columns, if an INSERT or UPDATE names them before they change. */
  readonly whole: Columns | undefined
}

/** Reads the rows of these names from the line `from` on, until `learn` returns false: later lines cannot add columns. */
export const readAhead = Effect.fnUntraced(function* (
  names: ReadonlyArray<TableName>,
  projection: Projection | undefined,
  transaction: Transaction,
  from: number,
  learn: (tokens: RowTokenizer) => boolean,
) {
  const ours = new ByTable(names.map((name) => [name, true] as const))
  const tokens = new RowTokenizer((table) => (ours.named(table) ? projection : undefined))
  yield* readLines(
    transaction,
    Effect.fnUntraced(function* (lines: ReadonlyArray<SlotLine>) {
      for (const line of lines) {
        if (line.ordinal < from) continue
        const isRead = tokens.readHead(line) && (!ours.of(tokens.table) || tokens.readTuples())
        if (!isRead) return yield* refusalOf(line, tokens)
        if (ours.of(tokens.table) && !learn(tokens)) return false
      }
      return true
    }),
  )
})

const lookAhead = Effect.fnUntraced(function* (
  names: ReadonlyArray<TableName>,
  projection: Projection | undefined,
  transaction: Transaction,
  from: number,
) {
  const named = new ColumnOrder()
  /** The columns of the old row that names most: usually all that others name. */
  let fullest: Columns = []
  let whole: Columns | undefined
  yield* readAhead(names, projection, transaction, from, (tokens) => {
    if (tokens.tag === "Delete") {
      if (isSubsequenceOf(tokens.old, fullest)) return true
      const columns = namesOf(tokens.old)
      if (columns.length > fullest.length) fullest = columns
      return named.add(columns)
    }
    if (tokens.tag === "Truncate") return true
    const columns = columnsOf(tokens)
    if (named.fitsIn(columns)) whole = columns
    return false
  })
  return { named, whole } satisfies Ahead
})

/** Returns the table's columns in the catalog, or `lastColumns` if it was dropped since. */
export const catalogColumns = Effect.fnUntraced(function* <E, R>(
  table: TableName,
  projection: Projection | undefined,
  lastColumns: Effect.Effect<Columns, E, R>,
) {
  const tables = yield* SourceTables
  // Read once: all changes of a batch were committed before it began.
  return yield* Effect.cached(
    tables.describe(table).pipe(
      Effect.map(({ columns }): Columns => columns.map(({ name }) => toBytes(name))),
      Effect.catchIf(
        (error) => error.reason === "SchemaOrTableMissing",
        () => lastColumns,
      ),
      Effect.map((columns) => columns.filter((name) => !isDropped(projection, fromBytes(name)))),
    ),
  )
})

/**
 * Returns a function that finds the columns of one dataset's objects during one batch. The WAL has its rows under `names`.
 * `lastColumns` reads the columns of a dropped table from the lake.
 */
export const columnsFinder = Effect.fnUntraced(function* <E, R>(
  table: TableName,
  names: ReadonlyArray<TableName>,
  projection: Projection | undefined,
  lastColumns: Effect.Effect<Columns, E, R>,
) {
  const catalog = yield* catalogColumns(table, projection, lastColumns)
  /** The columns of a dropped table, as its earlier objects in this batch have them. */
  let remembered = new ColumnOrder()

  /**
   * An INSERT or UPDATE names all columns. A DELETE or TRUNCATE gets those of the next INSERT or UPDATE in its transaction;
   * else the catalog's; or, if a later ALTER changed them, the columns that the DELETEs name, and those of such objects before.
   */
  return Effect.fnUntraced(function* (tokens: RowTokenizer, transaction: Transaction, seq: number) {
    if (tokens.tag === "Insert" || tokens.tag === "Update") return columnsOf(tokens)
    const { named, whole } = yield* lookAhead(names, projection, transaction, transaction.beginOrdinal + seq)
    if (whole !== undefined) return whole
    const current = yield* catalog
    if (named.fitsIn(current)) return current
    const columns = named.inOrder(current) ?? []
    if (!remembered.add(columns)) {
      remembered = new ColumnOrder()
      remembered.add(columns)
    }
    return remembered.inOrder(current) ?? columns
  })
})
