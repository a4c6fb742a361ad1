/** How the names of objects end. The ending says how the bytes are stored. */

/** All endings that this program has written. Another format adds its own here. */
const endings = [".csv", ".csv.gz"] as const

export type ObjectEnding = (typeof endings)[number]

/** Part of a regular expression that matches an ending. */
export const endingPattern = `(?:${endings.map((ending) => ending.replaceAll(".", "\\.")).join("|")})`

/** Returns the ending; undefined for any other text. */
export const parseEnding = (text: string | undefined): ObjectEnding | undefined =>
  endings.find((ending) => ending === text)
