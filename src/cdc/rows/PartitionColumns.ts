/**
 * Finds the columns of the objects of a partitioned table. Its leaves have the same columns, each in an order of its own if
 * it was attached: the set of names decides whether a new object begins, and the header has the root's order.
 */
import { Effect } from "effect"
import type { Projection } from "../../core/columns/Projection.ts"
import { isAmong } from "../../core/row/ColumnsFit.ts"
import { type Columns, columnsOf } from "../../core/row/IncRow.ts"
import type { RowTokenizer } from "../../core/slot/tokens/RowTokenizer.ts"
import { namesOf } from "../../core/slot/tokens/TupleSpans.ts"
import type { TableName } from "../../core/source/SourceTable.ts"
import { sameNames } from "../../core/tables/SameNames.ts"
import type { Transaction } from "../../services/source/Transaction.ts"
import { catalogColumns, readAhead } from "./ColumnsAhead.ts"

/** Returns the names in the order of `known`; a name that it lacks comes after the one before it in `names`. */
export const inOrderOf = (names: Columns, known: Columns): Columns => {
  const ordered = known.filter((name) => names.includes(name))
  for (const [i, name] of names.entries()) {
    if (known.includes(name)) continue
    ordered.splice(i === 0 ? 0 : ordered.indexOf(names[i - 1] ?? "") + 1, 0, name)
  }
  return ordered
}

/** As `columnsFinder`, for a partitioned table: `leaves` are the names under which the WAL has its rows. */
export const partitionColumnsFinder = Effect.fnUntraced(function* <E, R>(
  root: TableName,
  leaves: ReadonlyArray<TableName>,
  projection: Projection | undefined,
  lastColumns: Effect.Effect<Columns, E, R>,
) {
  const catalog = yield* catalogColumns(root, projection, lastColumns)
  /** The columns of the object before. */
  let latest: Columns = []

  /** Returns the columns that the rest of the transaction names: all of them, if an INSERT or UPDATE names all before. */
  const namedAhead = Effect.fnUntraced(function* (transaction: Transaction, from: number) {
    const named = new Set<string>()
    let whole: Columns | undefined
    yield* readAhead(leaves, projection, transaction, from, (tokens) => {
      if (tokens.tag === "Truncate") return true
      if (tokens.tag !== "Delete") {
        const columns = columnsOf(tokens)
        // Else the columns changed after the deletes.
        if ([...named].every((name) => columns.includes(name))) whole = columns
        return false
      }
      for (const name of namesOf(tokens.old)) named.add(name)
      return true
    })
    return { named: [...named], whole }
  })

  return Effect.fnUntraced(function* (tokens: RowTokenizer, transaction: Transaction, seq: number) {
    const isWhole = tokens.tag === "Insert" || tokens.tag === "Update"
    const ahead = isWhole
      ? { named: [], whole: columnsOf(tokens) }
      : yield* namedAhead(transaction, transaction.beginOrdinal + seq)
    const current = yield* catalog
    if (ahead.whole !== undefined) {
      const { whole } = ahead
      latest = sameNames(whole, latest) ? latest : inOrderOf(whole, current)
    } else if (ahead.named.every((name) => current.includes(name))) latest = current
    else if (tokens.tag !== "Delete" || !isAmong(tokens.old, latest)) latest = inOrderOf(ahead.named, current)
    return latest
  })
})
