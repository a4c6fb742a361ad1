/** Why a line cannot be read. It contains names at most, never a value: it may be logged. */
export interface MalformedText {
  readonly _tag: "MalformedText"
  /** In bytes of the line, from 0. */
  readonly offset: number
  /** What the reader expected there. */
  readonly expected: string
  /** The beginning of the line without values, e.g. `table public.t: INSERT:`; empty if unknown. */
  readonly within: string
}

export const printMalformed = ({ expected, offset, within }: MalformedText): string =>
  `Expected ${expected} at offset ${offset}${within === "" ? "" : `, after \`${within}\``}`
