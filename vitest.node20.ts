/**
 * Node 20 lacks `Map.groupBy` (it came with Node 21) and vitest's reporter calls it when a test fails,
 * so that the failure itself would be hidden. Nothing else of vitest 5 needs a newer Node.
 */
interface GroupBy {
  groupBy?: <T, K>(items: Iterable<T>, key: (item: T, index: number) => K) => Map<K, Array<T>>
}
// `lib` is ES2023, where the method does not exist: the widening is what lets it be added.
const map = Map as unknown as GroupBy
map.groupBy ??= (items, key) => {
  const groups = new Map()
  let index = 0
  for (const item of items) {
    const k = key(item, index++)
    groups.set(k, [...(groups.get(k) ?? []), item])
  }
  return groups
}
