/** Texts and names drawn from all that breaks a line, a file or a parser. Never a zero byte: PostgreSQL holds none. */
import type { Random } from "../../../test/support/Random.ts"

export type Encoding = "UTF8" | "LATIN1" | "EUC_JP"

/** How long a value may become: a key must fit into an index page, a large one is stored apart. */
export type Room = "short" | "any"

const ascii = [
  ...[
    "'",
    '"',
    "''",
    '""',
    "`",
    "]:",
    "[",
    "]",
    "[text]:'x'",
    "[integer]:1",
    ":",
    ";",
    ",",
    ".",
    "|",
    "(",
    ")",
    "{",
    "}",
  ],
  ...[
    " ",
    "  ",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\v",
    "\f",
    "\b",
    "\x01",
    "\x1b",
    "\x7f",
    "\\",
    "\\\\",
    "\\.",
    "\\N",
    "\\x",
    "\\n",
  ],
  ...["null", "NULL", "true", "t", "NaN", "Infinity", "unchanged-toast-datum", "(no-tuple-data)", "empty"],
  ...[
    " new-tuple:",
    " old-key:",
    ": TRUNCATE: (no-flags)",
    ": TRUNCATE: cascade",
    "table public.t: INSERT:",
    "COMMIT 1",
    "BEGIN",
  ],
  ...["=1+1", "-1", "+", "@", "%s", "$1", "--", "/*", "<", "&amp;", "a", "b", "z", "0", "9", "A", "Z", "_"],
]

const beyondAscii: Readonly<Record<Encoding, ReadonlyArray<string>>> = {
  LATIN1: ["é", "ç", "ã", "ÿ", "\u0080", "\u0085", "\u00a0", "ß", "Ã©"],
  EUC_JP: ["é", "ç", "ã", "ÿ", "表", "ソ", "ｱ", "鷗", "、", "！", "Я", "─"],
  UTF8: [
    "é",
    "ç",
    "ã",
    "ÿ",
    "\u0085",
    "\u00a0",
    "Ã©",
    "e\u0301",
    "€",
    "\u2028",
    "\u200b",
    "\ufeff",
    "\ufffd",
    "\uffff",
    "中",
    "😀",
    "\u{10ffff}",
  ],
}

/** First and last code point of stretches from every plane; surrogates are no characters. */
const planes: Readonly<Record<Encoding, ReadonlyArray<readonly [number, number]>>> = {
  LATIN1: [[0x01, 0xff]],
  // Hiragana, katakana, and the first of the Chinese characters, all of which it has.
  EUC_JP: [
    [0x01, 0x7f],
    [0x3041, 0x3093],
    [0x30a1, 0x30f6],
    [0x4e00, 0x4e01],
  ],
  UTF8: [
    [0x01, 0xff],
    [0x100, 0x7ff],
    [0x800, 0xd7ff],
    [0xe000, 0xffff],
    ...Array.from({ length: 16 }, (_, i) => [(i + 1) * 0x10000, (i + 1) * 0x10000 + 0xffff] as const),
  ],
}

const letter = (dice: Random, encoding: Encoding): string => {
  const [first, last] = dice.pick(planes[encoding])
  return String.fromCodePoint(dice.between(first, last))
}

const piece = (dice: Random, encoding: Encoding): string =>
  dice.is(0.6) ? dice.pick(ascii) : dice.is(0.5) ? dice.pick(beyondAscii[encoding]) : letter(dice, encoding)

const pieces = (dice: Random, encoding: Encoding, count: number): string =>
  Array.from({ length: count }, () => piece(dice, encoding)).join("")

/** Hardly compressible, so that it is stored apart and not packed into the row. */
const noise = (dice: Random, length: number): string =>
  Array.from({ length: length / 8 }, () => dice.between(0, 0xffff_ffff).toString(16).padStart(8, "0")).join(
    "",
  )

export const hostileText = (dice: Random, encoding: Encoding, room: Room): string => {
  const length = dice.weighted({
    empty: 1,
    short: 10,
    medium: room === "any" ? 2 : 0,
    large: room === "any" ? 2 : 0,
  })
  switch (length) {
    case "empty":
      return ""
    case "short":
      return pieces(dice, encoding, dice.between(1, 6))
    case "medium":
      return pieces(dice, encoding, dice.between(20, 400))
    case "large":
      // What repeats itself is packed, in the row or apart from it.
      if (dice.is(0.3)) return pieces(dice, encoding, 8).repeat(dice.between(200, 2000))
      return pieces(dice, encoding, 3) + noise(dice, dice.between(300, 30_000)) + pieces(dice, encoding, 3)
  }
}

const names = [
  ...[
    "_op",
    "_op_",
    "_lsn",
    "_seq",
    "_xid",
    "_commit_ts",
    "_before",
    "_unchanged",
    "__proto__",
    "constructor",
    "1",
    "-1",
  ],
  ...[
    "select",
    "table",
    "order",
    "user",
    "null",
    "name",
    "value",
    "json",
    "integer",
    "Id",
    "ID",
    "id",
    "ctid2",
    "new-tuple:",
  ],
  ...[
    'a"b',
    "a]:b",
    "a[integer]",
    "two\nlines",
    "tab\there",
    "back\\slash",
    "it's",
    "a, b",
    "a.b",
    " ",
    "Ação",
    "ÿ",
  ],
]

/** Never empty, and never longer than the 63 bytes that PostgreSQL keeps of a name. */
export const hostileName = (dice: Random, encoding: Encoding): string => {
  const drawn = dice.is(0.4)
    ? `c${dice.between(1, 99)}`
    : dice.is(0.6)
      ? dice.pick(names)
      : pieces(dice, encoding, dice.between(1, 5))
  const letters = [...drawn]
  while (Buffer.byteLength(letters.join("")) > 63) letters.pop()
  return letters.join("") || "x"
}

/** Names of which no two are the same. */
export const distinctNames = (
  dice: Random,
  encoding: Encoding,
  count: number,
  taken: ReadonlyArray<string> = [],
): ReadonlyArray<string> => {
  const found = new Set<string>()
  while (found.size < count) {
    const name = hostileName(dice, encoding)
    found.add(
      found.has(name) || taken.includes(name) ? `${[...name].slice(0, 10).join("")}${found.size}` : name,
    )
  }
  return [...found]
}
