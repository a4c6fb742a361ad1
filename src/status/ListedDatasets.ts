/** Which of many datasets `status` lists to people: a thousand lines are read by nobody. */
import { Option } from "effect"
import { counted } from "../core/text/CountedNoun.ts"
import type { DatasetStatus } from "./DatasetStatus.ts"

/** Up to this many datasets are all listed. */
const mostListed = 40
/** Of more than that, so many of each kind. */
const listedOfEach = 20

const stateOf = ({ completeness }: DatasetStatus): string =>
  Option.match(completeness, { onNone: () => "not begun", onSome: ({ state }) => state })

const writtenAt = ({ newest }: DatasetStatus): number =>
  Option.match(newest, { onNone: () => 0, onSome: (object) => object.writtenAt })

const count = (all: ReadonlyArray<DatasetStatus>): string => {
  const states = new Map<string, number>()
  for (const one of all) states.set(stateOf(one), (states.get(stateOf(one)) ?? 0) + 1)
  return [...states].map(([state, number]) => `${number} ${state}`).join(", ")
}

export interface ListedDatasets {
  readonly datasets: ReadonlyArray<DatasetStatus>
  /** What is said of the others; undefined if there are none. */
  readonly others: string | undefined
}

/** Lists first those that somebody must do something about, then those that were written last, in the order of `all`. */
export const listedDatasets = (all: ReadonlyArray<DatasetStatus>): ListedDatasets => {
  if (all.length <= mostListed) return { datasets: all, others: undefined }
  const isAdvised = ({ advice }: DatasetStatus) => Option.isSome(advice)
  const latest = all.filter((one) => !isAdvised(one)).toSorted((a, b) => writtenAt(b) - writtenAt(a))
  const listed = new Set([...all.filter(isAdvised).slice(0, listedOfEach), ...latest.slice(0, listedOfEach)])
  const others = all.filter((one) => !listed.has(one))
  return {
    datasets: all.filter((one) => listed.has(one)),
    others:
      others.length === 0
        ? undefined
        : `and ${counted(others.length, "dataset")} more (${count(others)}): \`status --json\` lists them all`,
  }
}
