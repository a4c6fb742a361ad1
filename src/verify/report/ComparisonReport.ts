/**
 * Prints the findings of `verify`: for people, the first ones of each table and the number of the rest; or all of them in
 * one JSON document. Both are printed as they come, because a table can have a finding for each of its rows.
 */

import { Effect } from "effect"
import { findingJson, type LakeFinding, printFinding, printValue } from "../../core/lake/LakeFinding.ts"
import { counted } from "../../core/text/CountedNoun.ts"
import type { TableVerdict } from "../table/TableVerdict.ts"

export interface ComparisonReport {
  readonly begin: (at: { readonly lsn: string; readonly snapshot: string }) => Effect.Effect<void>
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

/** Findings of one table that are printed for people: enough to see what they have in common. */
const mostPrinted = 20

/** `and 980 more (950 different, 30 missing): …` */
const notPrinted = (more: ReadonlyMap<LakeFinding["kind"], number>): string => {
  const count = [...more.values()].reduce((sum, one) => sum + one, 0)
  const kinds = [...more].map(([kind, one]) => `${one} ${kind}`).join(", ")
  return `and ${count} more (${kinds}): \`verify --json\` names each`
}

export const textReport = (print: Print): ComparisonReport => {
  let printed = 0
  /** Numbers of the findings that are not printed, by kind. */
  let more = new Map<LakeFinding["kind"], number>()
  return {
    begin: ({ lsn, snapshot }) => print(`compared at ${lsn} (snapshot ${snapshot})`),
    beginTable: () =>
      Effect.sync(() => {
        printed = 0
        more = new Map()
      }),
    finding: (dataset, finding) =>
      Effect.suspend(() => {
        if (printed++ < mostPrinted) return print(printFinding(dataset, finding))
        more.set(finding.kind, (more.get(finding.kind) ?? 0) + 1)
        return Effect.void
      }),
    endTable: (verdict) =>
      Effect.andThen(
        more.size === 0 ? Effect.void : print(`${verdict.dataset}  ${notPrinted(more)}`),
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
  for (const line of notes.slice(0, mostPrinted)) yield* print(`${dataset}  ${line}`)
  if (notes.length > mostPrinted)
    yield* print(
      `${dataset}  and ${notes.length - mostPrinted} more such objects: \`verify --json\` names each`,
    )
  yield* print(`${dataset}  ${sentence(verdict)}`)
  for (const line of [...(incomparable === null ? [] : [incomparable]), ...advice])
    yield* print(`${dataset}  ${line}`)
})

export const jsonReport = (print: Print): ComparisonReport => {
  let tables = 0
  let findings = 0
  return {
    begin: (at) => print(`{"moment":${JSON.stringify(at)},"tables":[`),
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
