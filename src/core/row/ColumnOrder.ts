/**
 * Derives the columns of a table from rows that each name only some of them. PostgreSQL names them in table order, so that
 * the relative order is the same in every row until the table is altered.
 */
import type { Columns } from "./IncRow.ts"

export class ColumnOrder {
  /** Each name, and the names that came directly after it. */
  #next: ReadonlyMap<string, ReadonlySet<string>> = new Map()
  #columns: Columns = []

  /** Adds a row's names. Returns false, and adds nothing, if no order agrees with this row and the earlier ones. */
  add(names: Columns): boolean {
    const before = this.#next
    this.#next = linked(before, names)
    // Most rows name only columns that earlier rows have named.
    if (isSubsequenceOf(names, this.#columns)) return true
    const columns = this.inOrder(this.#columns)
    if (columns === undefined) this.#next = before
    else this.#columns = columns
    return columns !== undefined
  }

  /** True if an object with these columns can hold each of the rows. */
  fitsIn(columns: Columns): boolean {
    const indexes = new Map(columns.map((name, index) => [name, index]))
    return [...this.#next].every(([name, next]) => {
      const index = indexes.get(name)
      return index !== undefined && [...next].every((other) => index < (indexes.get(other) ?? -1))
    })
  }

  /** Returns all names once, in the order of the rows, then of `hint`. Undefined if no order agrees with all rows. */
  inOrder(hint: Columns): Columns | undefined {
    const predecessors = new Map([...this.#next.keys()].map((name) => [name, 0]))
    const count = (name: string, by: 1 | -1) => predecessors.set(name, (predecessors.get(name) ?? 0) + by)
    for (const next of this.#next.values()) for (const name of next) count(name, 1)
    const left = new Set([...hint.filter((name) => predecessors.has(name)), ...predecessors.keys()])
    const columns: Array<string> = []
    while (left.size > 0) {
      const first = [...left].find((name) => predecessors.get(name) === 0)
      if (first === undefined) return undefined
      left.delete(first)
      columns.push(first)
      for (const name of this.#next.get(first) ?? []) count(name, -1)
    }
    return columns
  }
}

const isSubsequenceOf = (names: Columns, columns: Columns): boolean => {
  let next = 0
  for (let i = 0; i < columns.length && next < names.length; i++) if (names[next] === columns[i]) next++
  return next === names.length
}

/** Adds the names to the map. Returns the same map if it has them already. */
const linked = (
  known: ReadonlyMap<string, ReadonlySet<string>>,
  names: Columns,
): ReadonlyMap<string, ReadonlySet<string>> => {
  const isKnown = names.every((name, i) => {
    const [next, after] = [known.get(name), names[i + 1]]
    return next !== undefined && (after === undefined || next.has(after))
  })
  if (isKnown) return known
  const all = new Map(known)
  for (const [i, name] of names.entries())
    all.set(name, new Set([...(all.get(name) ?? []), ...names.slice(i + 1, i + 2)]))
  return all
}
