/** Prints findings as a table for people, and as JSON for programs. */
import { counted } from "../core/text/CountedNoun.ts"

import { escapeUnprintable, printable } from "../core/text/PrintableText.ts"
import type { TerminalStyle } from "../core/text/TerminalStyle.ts"
import { count, type Finding, type Mark, type Section } from "./Finding.ts"

/** Words, so that the table is clear without colours and can be searched. */
const words: Readonly<Record<Mark, string>> = {
  ok: "ok  ",
  note: "note",
  warning: "warn",
  failed: "FAIL",
  unchecked: "--  ",
}

/** ANSI: green, none, yellow, red, dim. */
const colours: Readonly<Record<Mark, string>> = {
  ok: "32",
  note: "0",
  warning: "33",
  failed: "1;31",
  unchecked: "2",
}

const paint = (text: string, code: string, { colour }: TerminalStyle): string =>
  colour ? `\u001b[${code}m${text}\u001b[0m` : text

const wrap = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.trim().split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, line]
}

const printableFinding = (finding: Finding): Finding => ({
  ...finding,
  check: printable(finding.check),
  finding: printable(finding.finding),
  sql: finding.sql.map(printable),
  advice: printable(finding.advice),
})

/** Merges neighbours that were not checked for the same reason into one row. */
const gathered = (findings: ReadonlyArray<Finding>): ReadonlyArray<Finding> => {
  const runs: Array<{ readonly first: Finding; readonly checks: Array<string> }> = []
  for (const finding of findings) {
    const last = runs.at(-1)
    if (finding.mark === "unchecked" && last?.first.finding === finding.finding)
      last.checks.push(finding.check)
    else runs.push({ first: finding, checks: [finding.check] })
  }
  return runs.map(({ first, checks }) =>
    checks.length === 1 ? first : { ...first, check: `${checks.length} checks`, advice: checks.join(", ") },
  )
}

/** Findings of one kind that are printed one by one. */
const mostOfKind = 20

/** Findings about tables are of one kind if they differ in names only. Those of other checks are few. */
const kindOf = ({ mark, check, finding }: Finding): string | undefined =>
  !check.startsWith('"') || mark === "failed"
    ? undefined
    : mark === "ok"
      ? mark
      : `${mark} ${finding.replace(/"[^"]*"/g, '""')}`

/** Keeps the first findings of a kind, and prints the number of the others: with a thousand tables nobody reads them. */
const folded = (findings: ReadonlyArray<Finding>): ReadonlyArray<Finding> => {
  const kinds = new Map<string, { readonly kept: Array<Finding>; more: number }>()
  const printed = findings.filter((finding) => {
    const kind = kindOf(finding)
    if (kind === undefined) return true
    const same = kinds.get(kind) ?? { kept: [], more: 0 }
    kinds.set(kind, same)
    if (same.kept.length < mostOfKind) same.kept.push(finding)
    else same.more++
    return same.more === 0
  })
  const rest = [...kinds.values()].flatMap(({ kept: [first], more }): ReadonlyArray<Finding> => {
    if (first === undefined || more === 0) return []
    const text = first.mark === "ok" ? "also well" : "the same"
    const finding = `${text}; \`doctor --json\` lists them all`
    return [{ ...first, check: counted(more, "more table"), finding, sql: [], advice: "" }]
  })
  return [...printed, ...rest]
}

/** Replaces a repeated failure by a reference to the first: a wrong key fails every check in the same words. */
const withoutRepeats = (findings: ReadonlyArray<Finding>): ReadonlyArray<Finding> =>
  findings.map((finding, at) => {
    const same = findings
      .slice(0, at)
      .find((one) => one.finding === finding.finding && one.advice === finding.advice)
    return finding.mark === "failed" && same?.mark === "failed" && finding.sql.length === 0
      ? { ...finding, finding: `as ${same.check}`, advice: "" }
      : finding
  })

/** Width of the first column. After a longer name the text begins on a line of its own. */
const widestCheck = 32
/** Minimal width of the text, even in a narrower terminal. */
const narrowestText = 40

const row = (finding: Finding, checkWidth: number, style: TerminalStyle): ReadonlyArray<string> => {
  const indent = " ".repeat(2 + 4 + 2 + checkWidth + 2)
  const width = Math.max(style.width - indent.length, narrowestText)
  const advice = finding.advice === "" ? [] : wrap(finding.advice, width)
  const [first = "", ...rest] = [...wrap(finding.finding, width), ...finding.sql, ...advice]
  const mark = paint(words[finding.mark], colours[finding.mark], style)
  const head = `  ${mark}  ${finding.check.padEnd(checkWidth)}`
  const below = rest.map((line) => indent + line)
  return finding.check.length > checkWidth
    ? [head, indent + first, ...below]
    : [`${head}  ${first}`, ...below]
}

/** `2 failed, 1 warning, 3 not checked`. */
export const summary = (sections: ReadonlyArray<Section>): string =>
  [
    `${count(sections, "failed")} failed`,
    counted(count(sections, "warning"), "warning"),
    `${count(sections, "unchecked")} not checked`,
  ].join(", ")

export const printTable = (sections: ReadonlyArray<Section>, style: TerminalStyle): string => {
  const rows = sections.map((section) => ({
    ...section,
    location: printable(section.location),
    findings: gathered(withoutRepeats(folded(section.findings).map(printableFinding))),
  }))
  const names = rows.flatMap(({ findings }) => findings.map(({ check }) => check.length))
  const checkWidth = Math.min(Math.max(...names, 0), widestCheck)
  return [
    ...rows.flatMap(({ name, location, findings }) => [
      `${paint(name, "1", style)}  ${location}`,
      ...findings.flatMap((finding) => row(finding, checkWidth, style)),
    ]),
    summary(sections),
  ].join("\n")
}

/** Prints one object: `ok`, then the sections by their names. */
export const printJson = (sections: ReadonlyArray<Section>): string =>
  // Splitting is safe: JSON escapes line ends inside of texts.
  JSON.stringify(
    {
      ok: count(sections, "failed") === 0,
      ...Object.fromEntries(sections.map(({ name, location, findings }) => [name, { location, findings }])),
    },
    null,
    2,
  )
    .split("\n")
    .map(escapeUnprintable)
    .join("\n")
