/** How `verify` tells what it found: for people, or as one JSON document. Written as it goes, for there is no bound to it. */
import { Effect } from "effect"
import { type Finding, findingJson, printFinding, printValue } from "../../core/lake/LakeFinding.ts"
import type { TableVerdict } from "../table/TableVerdict.ts"

export interface Report {
  readonly begin: (moment: { readonly lsn: string; readonly snapshot: string }) => Effect.Effect<void>
  readonly beginTable: (dataset: string) => Effect.Effect<void>
  readonly tell: (dataset: string, finding: Finding) => Effect.Effect<void>
  readonly endTable: (verdict: TableVerdict) => Effect.Effect<void>
  readonly end: (result: {
    readonly equal: boolean
    readonly note: string | undefined
  }) => Effect.Effect<void>
}

type Print = (line: string) => Effect.Effect<void>

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`

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

export const textReport = (print: Print): Report => ({
  begin: ({ lsn, snapshot }) => print(`compared at ${lsn} (snapshot ${snapshot})`),
  beginTable: () => Effect.void,
  tell: (dataset, finding) => print(printFinding(dataset, finding)),
  endTable: (verdict) =>
    Effect.gen(function* () {
      const { dataset, ignored, unknown, incomparable, advice } = verdict
      for (const key of ignored) yield* print(`${dataset}  ignored    ${key}`)
      for (const { column, object } of unknown)
        yield* print(`${dataset}  unknown    ${printValue(column)}  in ${object}`)
      yield* print(`${dataset}  ${sentence(verdict)}`)
      for (const line of [...(incomparable === null ? [] : [incomparable]), ...advice])
        yield* print(`${dataset}  ${line}`)
    }),
  end: ({ note }) => (note === undefined ? Effect.void : print(note)),
})

export const jsonReport = (print: Print): Report => {
  let tables = 0
  let findings = 0
  return {
    begin: (moment) => print(`{"moment":${JSON.stringify(moment)},"tables":[`),
    beginTable: (dataset) => {
      findings = 0
      return print(`${tables++ === 0 ? "" : ","}{"dataset":${JSON.stringify(dataset)},"findings":[`)
    },
    tell: (_, finding) => print(`${findings++ === 0 ? "" : ","}${JSON.stringify(findingJson(finding))}`),
    endTable: ({ dataset: _, findings: count, ...verdict }) =>
      print(`],"differences":${count},${JSON.stringify(verdict).slice(1)}`),
    end: ({ equal, note }) => print(`],"equal":${equal},"note":${JSON.stringify(note ?? null)}}`),
  }
}
