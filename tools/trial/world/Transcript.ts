/** What was done and said, as Markdown that can be read in one sitting. */

/** Longer output keeps its beginning and its end. */
const shownLines = 32

export interface Transcript {
  readonly heading: (text: string, level?: 1 | 2 | 3) => void
  readonly say: (text: string) => void
  /** As it is. What follows one another stands in one block of code. */
  readonly show: (...lines: ReadonlyArray<string>) => void
  /** From now on `shown` stands where `actual` was: ports, folders and secrets, which are others in each run. */
  readonly disguise: (actual: string, shown: string) => void
  readonly text: () => string
}

interface Piece {
  readonly isCode: boolean
  readonly text: string
}

/** A row of `doctor`: what was checked, and below it, further to the right, what mends it. */
const row = /^ {2}(FAIL|warn|ok|note|--) /
const isAsking = (line: string) => /^ {2}(FAIL|warn) /.test(line)

/** Where `doctor` asks for something: that alone, without the rows that are well. */
const asked = (all: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (!all.some(isAsking)) return all
  let keeps = true
  const lines = all.filter((line) => {
    if (row.test(line)) keeps = isAsking(line)
    else if (!line.startsWith("   ")) keeps = true
    return keeps
  })
  const [first = "", ...rest] = lines
  return [first, `… ${all.length - lines.length} lines that ask for nothing`, ...rest]
}

const trimmed = (all: ReadonlyArray<string>): ReadonlyArray<string> => {
  const lines = asked(all)
  if (lines.length <= shownLines) return lines
  const half = shownLines / 2
  return [...lines.slice(0, half), `… ${lines.length - shownLines} lines …`, ...lines.slice(-half)]
}

/** Each piece is also told to `follow` at once, for whoever watches the run. */
export const openTranscript = (follow: (text: string) => void): Transcript => {
  const disguises = new Map<string, string>()
  const pieces: Array<Piece> = []
  const add = (text: string, isCode = false) => {
    // The longest first: one may be a part of another.
    const all = [...disguises].sort(([a], [b]) => b.length - a.length)
    const shown = all.reduce((told, [actual, instead]) => told.replaceAll(actual, instead), text)
    pieces.push({ isCode, text: shown })
    follow(shown)
  }
  const isCode = (at: number) => pieces[at]?.isCode === true
  return {
    heading: (text, level = 2) => add(`${"#".repeat(level)} ${text}`),
    say: (text) => add(text),
    show: (...lines) => add(trimmed(lines).join("\n"), true),
    disguise: (actual, shown) => void disguises.set(actual, shown),
    text: () =>
      pieces
        .map(({ text }, at) =>
          isCode(at)
            ? `${isCode(at - 1) ? "" : "```\n"}${text}\n${isCode(at + 1) ? "" : "```\n"}`
            : `${text}\n`,
        )
        .join("\n"),
  }
}
