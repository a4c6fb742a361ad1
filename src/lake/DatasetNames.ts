/** Refuses names that a new dataset cannot have, although the grammar allows them. An existing dataset keeps its name. */
import { Effect, Option, Stream } from "effect"
import { datasetPrefix, parseKey } from "../core/lake/ObjectKey.ts"
import type { Layout, Watermark } from "../core/lake/Watermark.ts"
import { printTable, type SourceTable } from "../core/source/SourceTable.ts"
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

/** Fails with `DatasetName` (exit 2) if a new dataset would be hidden from readers, or mixed with another one. */
export const checkDatasetNames = Effect.fnUntraced(function* (
  tables: ReadonlyArray<SourceTable>,
  layout: Layout,
  watermark: Option.Option<Watermark>,
) {
  const store = yield* ObjectStore
  const { lake } = yield* Settings
  const followed = Option.match(watermark, {
    onNone: (): ReadonlyArray<string> => [],
    onSome: ({ objects, tables, from, left }) =>
      [objects, tables, from, left].flatMap((map) => [...map.keys()]),
  })
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
  for (const table of tables) {
    const { dataset } = table
    const twin =
      lake._tag === "Folder"
        ? [...followed, ...tables.map((each) => each.dataset)].find(
            (other) => other !== dataset && other.toLowerCase() === dataset.toLowerCase(),
          )
        : undefined
    if (!dataset.startsWith("_") && twin === undefined) continue
    if (followed.includes(dataset) || (yield* wasCopied(dataset))) continue
    return yield* twin === undefined ? hidden(table) : sameFolder(table, twin)
  }
})
