/** Where a line is not what the server prints. It holds names at most, never a value: it may be logged. */
export interface MalformedText {
  readonly _tag: "MalformedText"
  /** In bytes of the line, from 0. */
  readonly offset: number
  /** What should have stood there. */
  readonly expected: string
  /** The line as far as it holds no value, e.g. `table public.t: INSERT:`; empty where that is not known. */
  readonly within: string
}

export const printMalformed = ({ expected, offset, within }: MalformedText): string =>
  `Expected ${expected} at offset ${offset}${within === "" ? "" : `, after \`${within}\``}`
