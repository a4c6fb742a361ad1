/** Damages a text in the ways in which a line or a file comes to harm, and in the ways that parsers stumble over. */
import type { Random } from "../../test/support/Random.ts"

/** What a mutation draws from. */
export interface Material {
  /** Texts of the same kind, of which parts are put into others. */
  readonly corpus: ReadonlyArray<string>
  /** Words that mean something to the parser. */
  readonly words: ReadonlyArray<string>
}

/** So long is a text whose part is repeated, in characters. A reader that goes back needs seconds for it. */
const repeatedLength = 400_000

/** Once in so many times. Such a text takes as long as ten thousand others. */
const repeatedOnce = 50_000

const splice = (text: string, from: number, to: number, piece: string): string =>
  text.slice(0, from) + piece + text.slice(to)

/** A part of the text, mostly short. */
const partOf = (random: Random, text: string): readonly [number, number] => {
  const from = random.below(text.length + 1)
  const length = random.once(4) ? random.below(text.length + 1) : random.below(9)
  return [from, Math.min(text.length, from + length)]
}

const edit = (random: Random, text: string, { corpus, words }: Material): string => {
  const [from, to] = partOf(random, text)
  switch (random.below(9)) {
    case 0:
      return splice(text, from, from + 1, String.fromCharCode(random.below(256)))
    case 1:
      return splice(text, from, from, String.fromCharCode(random.below(256)))
    case 2:
      return splice(text, from, to, "")
    case 3:
      return splice(text, from, from, random.pick(words))
    case 4:
      return splice(text, from, to, random.pick(words))
    case 5:
      return splice(text, from, from, text.slice(from, to))
    case 6: {
      const other = random.pick(corpus)
      const [start, end] = partOf(random, other)
      return splice(text, from, to, other.slice(start, end))
    }
    case 7: {
      const other = random.pick(corpus)
      return text.slice(0, from) + other.slice(random.below(other.length + 1))
    }
    default: {
      // The last of two characters or digits is the usual slip.
      const code = text.charCodeAt(from)
      return Number.isNaN(code) ? text : splice(text, from, from + 1, String.fromCharCode(code ^ 1))
    }
  }
}

const delimiters = [" ", ",", "\n", "'", '"', ":", "/"]

/** From one delimiter to the next one of its kind, such as a column: what a reader takes again and again. */
const wholePart = (random: Random, text: string): readonly [number, number] => {
  const delimiter = random.pick(delimiters)
  const from = text.indexOf(delimiter, random.below(text.length + 1))
  const to = text.indexOf(delimiter, from + 1)
  return from === -1 ? partOf(random, text) : [from, to === -1 ? text.length : to]
}

const repeated = (random: Random, text: string): string => {
  const [from, to] = random.once(4) ? partOf(random, text) : wholePart(random, text)
  const part = text.slice(from, Math.max(to, from + 1))
  return splice(text, from, to, part.repeat(Math.ceil(repeatedLength / Math.max(part.length, 1))))
}

/** One edit, or two to four; seldom a part is repeated instead, until the text is long. */
export const mutated = (random: Random, text: string, material: Material): string => {
  if (random.once(repeatedOnce)) return repeated(random, text)
  let result = text
  for (let edits = random.once(2) ? 1 : 2 + random.below(3); edits > 0; edits--)
    result = edit(random, result, material)
  return result
}
