/** Finds changes that stand twice or out of order, among places in memory. */
import { Effect, Option, Stream } from "effect"
import type { PlacedChange, RowPlace } from "../../../src/services/lake/ComparedRows.ts"
import type { ChangeOrder, ObjectOverlap } from "../../../src/services/lake/LakeComparison.ts"
import { comparePlaces, comparePositions, compareText } from "./MemoryRows.ts"

type Places = ReadonlyArray<PlacedChange>

/** A change, and all its places in their order. */
interface PlacesOfChange {
  readonly first: PlacedChange
  readonly places: Array<PlacedChange>
}

const positionOf = ({ lsn, seq }: PlacedChange): string => `${lsn} ${seq}`
const rowOf = (change: PlacedChange): string => `${positionOf(change)} ${change.digest}`

const byChange = (places: Places): ReadonlyArray<PlacesOfChange> => {
  const found = new Map<string, PlacesOfChange>()
  for (const place of places.toSorted(comparePlaces)) {
    const known = found.get(positionOf(place))
    if (known === undefined) found.set(positionOf(place), { first: place, places: [place] })
    else known.places.push(place)
  }
  return [...found.values()]
}

const repeatedIn = (places: Places): ReadonlyArray<PlacesOfChange> =>
  byChange(places)
    .filter((change) => change.places.length > 1)
    .sort((a, b) => comparePositions(a.first, b.first))

const numbers = (all: Iterable<number>): ReadonlyArray<number> => [...new Set(all)].sort((a, b) => a - b)

const objectsOf = (places: Places): ReadonlyArray<number> => numbers(places.map(({ object }) => object))

/** The objects whose rows are all in others too: the smallest first, of equal ones the latest. */
const coveredIn = (places: Places) => {
  const objects = objectsOf(places)
  const rows = new Map(
    objects.map((object) => [object, new Set(places.filter((place) => place.object === object).map(rowOf))]),
  )
  return objects
    .map((object) => {
      const own = [...(rows.get(object) ?? [])]
      const others = objects.filter((other) => other !== object)
      const holding = own.map((row) => others.filter((other) => rows.get(other)?.has(row)))
      return { object, changes: own.length, holding }
    })
    .filter(({ holding }) => holding.every(({ length }) => length > 0))
    .map(({ object, changes, holding }) => ({ object, changes, holders: numbers(holding.flat()) }))
    .sort((a, b) => a.changes - b.changes || b.object - a.object)
}

/** The repeated changes by the objects that hold them. */
const sharesIn = (places: Places) => {
  const found = new Map<string, { objects: ReadonlyArray<number>; changes: number; differing: number }>()
  for (const change of repeatedIn(places)) {
    const objects = objectsOf(change.places)
    const { changes, differing } = found.get(objects.join()) ?? { changes: 0, differing: 0 }
    const differs = change.places.some(({ digest }) => digest !== change.first.digest)
    found.set(objects.join(), { objects, changes: changes + 1, differing: differing + (differs ? 1 : 0) })
  }
  return [...found].sort(([a], [b]) => compareText(a, b)).map(([, shared]) => shared)
}

const placeOf = ({ object, line }: PlacedChange): RowPlace => ({ object, line })

const disorderedIn = (places: Places): ReadonlyArray<RowPlace> => {
  const found = new Map<number, RowPlace>()
  let latest: PlacedChange | undefined
  for (const { first } of byChange(places)) {
    if (latest === undefined || comparePositions(first, latest) > 0) latest = first
    else if (!found.has(first.object)) found.set(first.object, placeOf(first))
  }
  return [...found.values()]
}

export const orderOf = (all: Places): ChangeOrder => {
  let places = all
  const answer = <A>(find: (places: Places) => ReadonlyArray<A>) =>
    Stream.suspend(() => Stream.fromIterable(find(places)))
  const overlap: ObjectOverlap = {
    covered: (kept) =>
      Effect.sync(() => Option.fromUndefinedOr(coveredIn(places).find(({ object }) => !kept.has(object)))),
    takeOut: (object) =>
      Effect.sync(() => {
        places = places.filter((place) => place.object !== object)
      }),
    shares: answer(sharesIn),
  }
  return {
    repeated: Stream.map(answer(repeatedIn), ({ first: { lsn, seq }, places }) => ({
      lsn,
      seq,
      places: places.map(placeOf),
    })),
    overlap: Effect.succeed(overlap),
    disordered: answer(disorderedIn),
  }
}
