/** Finds changes that stand twice or out of order, among locations in memory. */
import { Effect, Option, Stream } from "effect"
import type { PlacedChange, RowLocation } from "../../../src/services/lake/ComparedRows.ts"
import type { ChangeOrder, ObjectOverlap } from "../../../src/services/lake/LakeComparison.ts"
import { compareLocations, comparePositions, compareText } from "./MemoryRows.ts"

type Locations = ReadonlyArray<PlacedChange>

/** A change, and all its locations in their order. */
interface LocationsOfChange {
  readonly first: PlacedChange
  readonly locations: Array<PlacedChange>
}

const positionOf = ({ lsn, seq, partition }: PlacedChange): string => `${lsn} ${seq} ${partition ?? ""}`
const rowOf = (change: PlacedChange): string => `${positionOf(change)} ${change.digest}`

const byChange = (locations: Locations): ReadonlyArray<LocationsOfChange> => {
  const found = new Map<string, LocationsOfChange>()
  for (const location of locations.toSorted(compareLocations)) {
    const known = found.get(positionOf(location))
    if (known === undefined) found.set(positionOf(location), { first: location, locations: [location] })
    else known.locations.push(location)
  }
  return [...found.values()]
}

const repeatedIn = (locations: Locations): ReadonlyArray<LocationsOfChange> =>
  byChange(locations)
    .filter((change) => change.locations.length > 1)
    .sort((a, b) => comparePositions(a.first, b.first))

const numbers = (all: Iterable<number>): ReadonlyArray<number> => [...new Set(all)].sort((a, b) => a - b)

const objectsOf = (locations: Locations): ReadonlyArray<number> =>
  numbers(locations.map(({ object }) => object))

/** The objects whose rows are all in others too: the smallest first, of equal ones the latest. */
const coveredIn = (locations: Locations) => {
  const objects = objectsOf(locations)
  const rows = new Map(
    objects.map((object) => [
      object,
      new Set(locations.filter((location) => location.object === object).map(rowOf)),
    ]),
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
const sharesIn = (locations: Locations) => {
  const found = new Map<string, { objects: ReadonlyArray<number>; changes: number; differing: number }>()
  for (const change of repeatedIn(locations)) {
    const objects = objectsOf(change.locations)
    const { changes, differing } = found.get(objects.join()) ?? { changes: 0, differing: 0 }
    const differs = change.locations.some(({ digest }) => digest !== change.first.digest)
    found.set(objects.join(), { objects, changes: changes + 1, differing: differing + (differs ? 1 : 0) })
  }
  return [...found].sort(([a], [b]) => compareText(a, b)).map(([, shared]) => shared)
}

const locationOf = ({ object, line }: PlacedChange): RowLocation => ({ object, line })

const disorderedIn = (locations: Locations): ReadonlyArray<RowLocation> => {
  const found = new Map<number, RowLocation>()
  let latest: PlacedChange | undefined
  for (const { first } of byChange(locations)) {
    if (latest === undefined || comparePositions(first, latest) >= 0) latest = first
    else if (!found.has(first.object)) found.set(first.object, locationOf(first))
  }
  return [...found.values()]
}

export const orderOf = (all: Locations): ChangeOrder => {
  let locations = all
  const answer = <A>(find: (locations: Locations) => ReadonlyArray<A>) =>
    Stream.suspend(() => Stream.fromIterable(find(locations)))
  const overlap: ObjectOverlap = {
    covered: (kept) =>
      Effect.sync(() => Option.fromUndefinedOr(coveredIn(locations).find(({ object }) => !kept.has(object)))),
    takeOut: (object) =>
      Effect.sync(() => {
        locations = locations.filter((location) => location.object !== object)
      }),
    shares: answer(sharesIn),
  }
  return {
    repeated: Stream.map(answer(repeatedIn), ({ first: { lsn, seq }, locations }) => ({
      lsn,
      seq,
      locations: locations.map(locationOf),
    })),
    overlap: Effect.succeed(overlap),
    disordered: answer(disorderedIn),
  }
}
