/** Compares rows, each as often as it is there. */

type Rows = ReadonlyArray<ReadonlyArray<string | null>>

/** What one has and the other has not. */
export const difference = (found: Rows, wanted: Rows): ReadonlyArray<string> => {
  const counts = new Map<string, number>()
  const count = (rows: Rows, by: number) => {
    for (const row of rows) {
      const text = JSON.stringify(row)
      counts.set(text, (counts.get(text) ?? 0) + by)
    }
  }
  count(found, 1)
  count(wanted, -1)
  return [...counts]
    .filter(([, n]) => n !== 0)
    .map(([row, n]) => `${n > 0 ? "has" : "lacks"} ${row.slice(0, 400)}`)
}
