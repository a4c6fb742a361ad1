/** Returns true if both have the same names, in whatever order. Neither names one twice. */
export const sameNames = (one: ReadonlyArray<string>, other: ReadonlyArray<string>): boolean =>
  one.length === other.length && one.every((name) => other.includes(name))
