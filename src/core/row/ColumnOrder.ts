/**
 * The columns of a table, put together from rows that name only some of them each. PostgreSQL names them in table order,
 * so what follows what in one row follows it in all: as long as the table stays as it is.
 */
import type { Shape } from "./IncRow.ts"

export class ColumnOrder {
  /** Each name, and the names that stood next after it. */
  #next: ReadonlyMap<string, ReadonlySet<string>> = new Map()
  #shape: Shape = []

  /** False where no order has this and all that was added before; then nothing is added. */
  add(names: Shape): boolean {
    const before = this.#next
    this.#next = linked(before, names)
    // Most rows name what a row before has named.
    if (isWithin(names, this.#shape)) return true
    const shape = this.inOrder(this.#shape)
    if (shape === undefined) this.#next = before
    else this.#shape = shape
    return shape !== undefined
  }

  /** Whether an object of this shape holds each of the rows. */
  fitsIn(shape: Shape): boolean {
    const places = new Map(shape.map((name, place) => [name, place]))
    return [...this.#next].every(([name, next]) => {
      const place = places.get(name)
      return place !== undefined && [...next].every((other) => place < (places.get(other) ?? -1))
    })
  }

  /** All names once; where the rows leave it open, in the order of `hint`. None where there is no such order. */
  inOrder(hint: Shape): Shape | undefined {
    const waitsFor = new Map([...this.#next.keys()].map((name) => [name, 0]))
    const count = (name: string, by: 1 | -1) => waitsFor.set(name, (waitsFor.get(name) ?? 0) + by)
    for (const next of this.#next.values()) for (const name of next) count(name, 1)
    const left = new Set([...hint.filter((name) => waitsFor.has(name)), ...waitsFor.keys()])
    const shape: Array<string> = []
    while (left.size > 0) {
      const first = [...left].find((name) => waitsFor.get(name) === 0)
      if (first === undefined) return undefined
      left.delete(first)
      shape.push(first)
      for (const name of this.#next.get(first) ?? []) count(name, -1)
    }
    return shape
  }
}

const isWithin = (names: Shape, shape: Shape): boolean => {
  let next = 0
  for (let i = 0; i < shape.length && next < names.length; i++) if (names[next] === shape[i]) next++
  return next === names.length
}

/** The same map where it has all of this already. */
const linked = (
  known: ReadonlyMap<string, ReadonlySet<string>>,
  names: Shape,
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
