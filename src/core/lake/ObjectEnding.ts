/** How the names of objects end: whoever reads a lake knows by it what is inside. */

/** All that this program has ever written. Another format adds its own here. */
const endings = [".csv", ".csv.gz"] as const

export type ObjectEnding = (typeof endings)[number]

/** One of them, as a part of a regular expression. */
export const endingPattern = `(?:${endings.map((ending) => ending.replaceAll(".", "\\.")).join("|")})`

/** None where it is not one of them. */
export const parseEnding = (text: string | undefined): ObjectEnding | undefined =>
  endings.find((ending) => ending === text)
