/** Refuses names that a new dataset cannot have, although the grammar allows them. An existing dataset keeps its name. */
import { Effect, Option, Stream } from "effect"
import { datasetPrefix, parseKey } from "../core/lake/ObjectKey.ts"
import type { LakeFolders, Watermark } from "../core/lake/Watermark.ts"
import { printTable, type SourceTable } from "../core/source/SourceTable.ts"
import type { TableSelection } from "../core/tables/TableSelection.ts"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import { Refusal } from "../services/Refusal.ts"
import { Settings } from "../settings/Settings.ts"

const hidden = ({ table, dataset }: SourceTable) =>
  new Refusal({
    reason: "DatasetName",
    problem: `The dataset "${dataset}" of ${printTable(table)} is new and begins with "_"`,
    risk: "Spark and Hive hide such a folder, and would read none of its rows",
    remedy: `Give it another name in SOURCE_TABLES, for example ${printTable(table)}=${dataset.replace(/^_+/, "") || "tabela"}`,
  })

const sameFolder = ({ table, dataset }: SourceTable, other: string) =>
  new Refusal({
    reason: "DatasetName",
    problem: `The new dataset "${dataset}" and "${other}" differ by case only, and the lake is a folder`,
    risk: "If the file system ignores case, the objects of both would be in one folder",
    remedy: `Give one of them another name in SOURCE_TABLES, for example ${printTable(table)}=${dataset}_2`,
  })

/** Returns what is wrong with the name of a dataset; none for one that the lake has. `all` are the datasets of SOURCE_TABLES. */
const nameJudge = Effect.fnUntraced(function* (
  all: ReadonlyArray<string>,
  layout: LakeFolders,
  watermark: Option.Option<Watermark>,
  refused: ReadonlySet<string>,
) {
  const store = yield* ObjectStore
  const { lake } = yield* Settings
  const known = Option.match(watermark, {
    onNone: (): ReadonlyArray<string> => [],
    onSome: ({ objects, tables, from, left }) =>
      [objects, tables, from, left].flatMap((map) => [...map.keys()]),
  })
  const followed = new Set(known)
  const byCase = new Map<string, Array<string>>()
  for (const dataset of lake._tag === "Folder" ? new Set([...followed, ...all]) : []) {
    const folded = dataset.toLowerCase()
    byCase.set(folded, [...(byCase.get(folded) ?? []), dataset])
  }
  // Compares the name in the key and not the folder's: on some file systems a folder has several names.
  const wasCopied = (dataset: string) =>
    store.list(datasetPrefix("full", layout, dataset)).pipe(
      Stream.filter(({ key }) =>
        Option.contains(
          Option.flatMap(parseKey(key), (parsed) => parsed.dataset),
          dataset,
        ),
      ),
      Stream.runHead,
      Effect.map(Option.isSome),
    )
  return Effect.fnUntraced(function* (source: SourceTable) {
    const { dataset } = source
    const twin = byCase.get(dataset.toLowerCase())?.find((other) => other !== dataset)
    if (!dataset.startsWith("_") && twin === undefined) return undefined
    if (followed.has(dataset)) return undefined
    if (!refused.has(dataset) && (yield* wasCopied(dataset))) return undefined
    return twin === undefined ? hidden(source) : sameFolder(source, twin)
  })
})

/**
 * Fails with `DatasetName` (exit 2) if a named table's new dataset would be hidden from readers, or mixed with another one. A
 * table that a pattern matches becomes unusable then. `refused` are datasets that were unusable before: nothing has copied them
 * since, and the lake is not asked again.
 */
export const withUsableNames = Effect.fnUntraced(function* (
  selection: TableSelection,
  layout: LakeFolders,
  watermark: Option.Option<Watermark>,
  refused: ReadonlySet<string> = new Set(),
) {
  const { named, matched } = selection
  const names = named.map(({ dataset }) => dataset)
  const judgeNamed = yield* nameJudge(names, layout, watermark, refused)
  for (const source of named) {
    const problem = yield* judgeNamed(source)
    if (problem !== undefined) return yield* problem
  }
  const all = [...names, ...matched.map(({ dataset }) => dataset)]
  const judge = yield* nameJudge(all, layout, watermark, refused)
  const judged = yield* Effect.forEach(matched, (source) =>
    Effect.map(judge(source), (problem) => ({ source, problem })),
  )
  const usable: TableSelection = {
    ...selection,
    matched: judged.flatMap(({ source, problem }) => (problem === undefined ? [source] : [])),
    unusable: [
      ...selection.unusable,
      ...judged.flatMap(({ source: { table }, problem }) =>
        problem === undefined ? [] : [{ table, problem: problem.problem, advice: problem.remedy }],
      ),
    ],
  }
  return usable
})
