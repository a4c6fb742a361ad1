/** Prints a number with its noun: `0 rows`, `1 row`, `2 rows`. `many` is the plural if it is not `one` with an `s`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`
