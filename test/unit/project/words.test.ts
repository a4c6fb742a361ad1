/**
 * Keeps the project's words in names: one word for one thing, and PostgreSQL's, S3's or Effect's word where they have one.
 * Reads the identifiers of `src` and `layers`, and the names of their files.
 */
import { readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"

const root = fileURLToPath(new URL("../../../", import.meta.url))

/** Words that no name has, each with the words to use. A word counts only as a whole part of a camel-case name. */
const replacements: Readonly<Record<string, string>> = {
  attend: "hold a lock",
  fault: "problem, failure or error",
  faults: "problems, failures or errors",
  felt: "activity",
  heal: "retry or recover",
  heals: "retries or recovers",
  look: "read, find, check or state",
  looked: "read, found or checked",
  looks: "reads, finds or checks",
  mend: "fix or remedy",
  mended: "fixed or filled",
  mends: "fixes or remedies",
  moment: "snapshot",
  moments: "snapshots",
  paper: "output or stdout",
  patience: "retryPolicy",
  piece: "chunk, part or object",
  pieces: "chunks, parts or objects",
  place: "position, index, offset, prefix or key",
  places: "positions, indexes, offsets, prefixes or keys",
  presence: "liveness lock",
  pulse: "heartbeat or activity",
  room: "buffer, capacity or space",
  rooms: "buffers",
  seen: "visible, published or read",
  shape: "columns or relation",
  shapes: "columns or relations",
  shown: "visible, published or printed",
  stake: "risk",
  standing: "watermark or checkpoint",
  standings: "watermarks or checkpoints",
  successor: "standby or next writer",
  tell: "report, print or return",
  tells: "reports, prints or returns",
  told: "reported, printed or returned",
  transcoder: "encoder, decoder or writer",
  turn: "permit, lock or take-over",
  turns: "permits or locks",
  vitals: "health or status",
}

interface Exception {
  /** File or folder, from the project's folder. */
  readonly under: string
  readonly names: ReadonlyArray<string>
  readonly why: string
}

const exceptions: ReadonlyArray<Exception> = [
  { under: "", names: ["lookUp", "lookAhead"], why: "established terms" },
]

/** The text after a template's opening backtick: the code of its `${…}` parts, and the offset after it. */
const templateCode = (source: string, from: number): readonly [string, number] => {
  let code = ""
  let at = from
  while (at < source.length && source[at] !== "`") {
    if (source[at] === "\\") at += 2
    else if (source.startsWith("${", at)) {
      const [inner, end] = codeIn(source, at + 2)
      code += ` ${inner} `
      at = end
    } else at++
  }
  return [code, at + 1]
}

/** Source without comments and texts, up to the brace that closes `from`'s block, and the offset after it. */
const codeIn = (source: string, from = 0): readonly [string, number] => {
  let code = ""
  let depth = 0
  let at = from
  while (at < source.length) {
    const skipped = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/y
    skipped.lastIndex = at
    const text = skipped.exec(source)?.[0]
    if (text !== undefined) {
      code += " "
      at += text.length
    } else if (source[at] === "`") {
      const [inner, end] = templateCode(source, at + 1)
      code += ` ${inner} `
      at = end
    } else if (source[at] === "}" && depth-- === 0) return [code, at + 1]
    else {
      if (source[at] === "{") depth++
      code += source[at++]
    }
  }
  return [code, at]
}

/** Names of a file's code that are its own: a name after a dot may be another package's. */
const namesIn = (source: string): ReadonlySet<string> =>
  new Set([...codeIn(source)[0].matchAll(/(?<![.\w$])[A-Za-z_$][\w$]*/g)].map(([name]) => name))

/** `readHTTPBody` and `read_http_body` have the words read, http, body. */
const wordsOf = (name: string): ReadonlyArray<string> =>
  name
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split("_")

const advice = (name: string): ReadonlyArray<string> =>
  wordsOf(name).flatMap((word) => (Object.hasOwn(replacements, word) ? [replacements[word] ?? ""] : []))

const isAllowed = (file: string, name: string): boolean =>
  exceptions.some(({ under, names }) => file.startsWith(under) && names.includes(name))

const violationsIn = (file: string, source: string): ReadonlyArray<string> =>
  [basename(file, ".ts"), ...namesIn(source)]
    .filter((name) => !isAllowed(file, name))
    .flatMap((name) => advice(name).map((instead) => `${file}: ${name}: say ${instead}`))

const files = ["src", "layers"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`),
)

describe("Names in src and layers", () => {
  it("have none of the words that another word replaces", () => {
    const violations = files.flatMap((file) => violationsIn(file, readFileSync(join(root, file), "utf8")))
    assert.deepStrictEqual(violations, [])
  })

  it("are found in declarations, parameters, templates and file names", () => {
    const source =
      "const roomBytes = 1\nconst f = (newestPlace: string) => `a $" + "{g(`b $" + "{oldMoment} c`)}`\n"
    assert.deepStrictEqual(violationsIn("src/lake/Patience.ts", source), [
      "src/lake/Patience.ts: Patience: say retryPolicy",
      "src/lake/Patience.ts: roomBytes: say buffer, capacity or space",
      "src/lake/Patience.ts: newestPlace: say position, index, offset, prefix or key",
      "src/lake/Patience.ts: oldMoment: say snapshot",
    ])
  })

  it("may contain such a word inside another one, and so may comments and texts", () => {
    const source =
      "// room\n/* a moment */\nconst mushroom = \"place\" + 'piece' + `shape $" +
      "{placement} told`\nuse(other.room)\n"
    assert.deepStrictEqual(violationsIn("src/lake/Example.ts", source), [])
  })
})
