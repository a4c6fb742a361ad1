/**
 * How `verify` reports what it found: for people, who see the first findings of each table and how many more there are, or
 * as one JSON document that has them all. It is written as it goes, because a table can have a finding for each of its rows.
 */

import { Effect } from "effect"
import { findingJson, type LakeFinding, printFinding, printValue } from "../../core/lake/LakeFinding.ts"
import { counted } from "../../core/text/CountedNoun.ts"
import type { TableVerdict } from "../table/TableVerdict.ts"

export interface ComparisonReport {
  readonly begin: (moment: { readonly lsn: string; readonly snapshot: string }) => Effect.Effect<void>
  readonly beginTable: (dataset: string) => Effect.Effect<void>
  readonly finding: (dataset: string, finding: LakeFinding) => Effect.Effect<void>
  readonly endTable: (verdict: TableVerdict) => Effect.Effect<void>
  readonly end: (result: {
    readonly equal: boolean
    readonly note: string | undefined
  }) => Effect.Effect<void>
}

type Print = (line: string) => Effect.Effect<void>

const sentence = ({
  rows,
  rebuilt,
  changes,
  waiting,
  full,
  findings,
  incomparable,
}: TableVerdict): string => {
  const result =
    incomparable === null ? (findings === 0 ? "equal" : counted(findings, "difference")) : "not compared"
  const made =
    full === null
      ? ""
      : `; the lake: ${rebuilt === null ? "" : `${rebuilt} from `}${full} and ${counted(changes, "change")}${waiting > 0 ? `, ${waiting} of them still in the slot` : ""}`
  return rows === null ? result : `${result}  the table: ${counted(rows, "row")}${made}`
}

/** Findings of one table that a person is shown: enough to see what they have in common. */
const findingsShown = 20

/** `and 980 more (950 different, 30 missing): …` */
const notShown = (more: ReadonlyMap<LakeFinding["kind"], number>): string => {
  const count = [...more.values()].reduce((sum, one) => sum + one, 0)
  const kinds = [...more].map(([kind, one]) => `${one} ${kind}`).join(", ")
  return `and ${count} more (${kinds}): \`verify --json\` names each`
}

export const textReport = (print: Print): ComparisonReport => {
  let shown = 0
  /** Findings that are counted alone, by kind. */
  let more = new Map<LakeFinding["kind"], number>()
  return {
    begin: ({ lsn, snapshot }) => print(`compared at ${lsn} (snapshot ${snapshot})`),
    beginTable: () =>
      Effect.sync(() => {
        shown = 0
        more = new Map()
      }),
    finding: (dataset, finding) =>
      Effect.suspend(() => {
        if (shown++ < findingsShown) return print(printFinding(dataset, finding))
        more.set(finding.kind, (more.get(finding.kind) ?? 0) + 1)
        return Effect.void
      }),
    endTable: (verdict) =>
      Effect.andThen(
        more.size === 0 ? Effect.void : print(`${verdict.dataset}  ${notShown(more)}`),
        printVerdict(print, verdict),
      ),
    end: ({ note }) => (note === undefined ? Effect.void : print(note)),
  }
}

const printVerdict = Effect.fnUntraced(function* (print: Print, verdict: TableVerdict) {
  const { dataset, ignored, unknown, incomparable, advice } = verdict
  const notes = [
    ...ignored.map((key) => `ignored    ${key}`),
    ...unknown.map(({ column, object }) => `unknown    ${printValue(column)}  in ${object}`),
  ]
  for (const line of notes.slice(0, findingsShown)) yield* print(`${dataset}  ${line}`)
  if (notes.length > findingsShown)
    yield* print(
      `${dataset}  and ${notes.length - findingsShown} more such objects: \`verify --json\` names each`,
    )
  yield* print(`${dataset}  ${sentence(verdict)}`)
  for (const line of [...(incomparable === null ? [] : [incomparable]), ...advice])
    yield* print(`${dataset}  ${line}`)
})

export const jsonReport = (print: Print): ComparisonReport => {
  let tables = 0
  let findings = 0
  return {
    begin: (moment) => print(`{"moment":${JSON.stringify(moment)},"tables":[`),
    beginTable: (dataset) => {
      findings = 0
      return print(`${tables++ === 0 ? "" : ","}{"dataset":${JSON.stringify(dataset)},"findings":[`)
    },
    finding: (_, finding) => print(`${findings++ === 0 ? "" : ","}${JSON.stringify(findingJson(finding))}`),
    endTable: ({ dataset: _, findings: count, ...verdict }) =>
      print(`],"differences":${count},${JSON.stringify(verdict).slice(1)}`),
    end: ({ equal, note }) => print(`],"equal":${equal},"note":${JSON.stringify(note ?? null)}}`),
  }
}
