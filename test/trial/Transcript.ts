/** What was done and said, as Markdown that can be read in one sitting. */

/** Longer output keeps its beginning and its end. */
const shownLines = 24

export interface Transcript {
  readonly heading: (text: string, level?: 1 | 2 | 3) => void
  readonly say: (text: string) => void
  /** As it is, in a block of code. */
  readonly block: (text: string, language?: string) => void
  /** From now on `shown` stands where `actual` was: ports, folders and secrets, which are others in each run. */
  readonly disguise: (actual: string, shown: string) => void
  readonly text: () => string
}

/** The rows of `doctor` that ask for nothing. */
const isWell = (line: string) => /^ {2}(ok|note) /.test(line)

const trimmed = (text: string): string => {
  const all = text.trimEnd().split("\n")
  const well = all.filter(isWell).length
  const lines =
    well === 0 || all.length <= shownLines
      ? all
      : [...all.filter((line) => !isWell(line)), `… ${well} rows that are ok or a note are left out`]
  if (lines.length <= shownLines) return lines.join("\n")
  const half = shownLines / 2
  return [...lines.slice(0, half), `… ${lines.length - shownLines} lines …`, ...lines.slice(-half)].join("\n")
}

/** Each text is also told to `follow` at once, for whoever watches the run. */
export const openTranscript = (follow: (text: string) => void): Transcript => {
  const disguises = new Map<string, string>()
  const pieces: Array<string> = []
  const add = (text: string) => {
    // The longest first: one may be a part of another.
    const all = [...disguises].sort(([a], [b]) => b.length - a.length)
    const shown = all.reduce((told, [actual, instead]) => told.replaceAll(actual, instead), text)
    pieces.push(shown)
    follow(shown)
  }
  return {
    heading: (text, level = 2) => add(`${"#".repeat(level)} ${text}`),
    say: add,
    block: (text, language = "") => add(`\`\`\`${language}\n${trimmed(text)}\n\`\`\``),
    disguise: (actual, shown) => void disguises.set(actual, shown),
    text: () => `${pieces.join("\n\n")}\n`,
  }
}
