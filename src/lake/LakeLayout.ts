/** Decides the layout of the lake. A lake keeps the layout that it was begun with, because readers rely on it. */
import { Effect, Option, Stream } from "effect"
import { parseKey } from "../core/lake/ObjectKey.ts"
import type { Layout, Watermark } from "../core/lake/Watermark.ts"
import type { SourceTable } from "../core/source/SourceTable.ts"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import { Refusal } from "../services/Refusal.ts"
import { checkDatasetNames } from "./DatasetNames.ts"

interface Begun {
  readonly layout: Layout
  /** The known datasets of the lake. */
  readonly datasets: ReadonlyArray<string>
}

/** Before the first watermark there may be a `full`: its key shows the layout. */
const begunByFull = Effect.gen(function* () {
  const store = yield* ObjectStore
  const first = yield* store.list("full/").pipe(
    Stream.filter(({ key }) => Option.isSome(parseKey(key))),
    Stream.runHead,
  )
  return Option.map(first, ({ key }): Begun => {
    const layout = key.startsWith("full/date=") ? "single" : "datasets"
    return { layout, datasets: Option.toArray(Option.flatMap(parseKey(key), (parsed) => parsed.dataset)) }
  })
})

const otherLayout = (problem: string, remedy: string) =>
  new Refusal({
    reason: "OtherLayout",
    problem,
    risk: "Rows of one dataset would be in two places, and readers would miss one of them",
    remedy,
  })

/** Returns the lake's own layout, else LAKE_LAYOUT, else `single` for one table and `datasets` for several. */
const decidedLayout = Effect.fnUntraced(function* (
  tables: ReadonlyArray<SourceTable>,
  wanted: Option.Option<Layout>,
  watermark: Option.Option<Watermark>,
) {
  const remembered = Option.flatMap(watermark, (w) =>
    Option.map(w.layout, (layout): Begun => ({ layout, datasets: [...w.objects.keys()] })),
  )
  const begun = Option.isSome(remembered) ? remembered : yield* begunByFull
  if (Option.isNone(begun)) {
    const layout = Option.getOrElse(wanted, (): Layout => (tables.length === 1 ? "single" : "datasets"))
    if (layout === "single" && tables.length > 1) {
      return yield* otherLayout(
        `LAKE_LAYOUT=single holds one table, and SOURCE_TABLES names ${tables.length}`,
        "Set LAKE_LAYOUT=datasets",
      )
    }
    return layout
  }
  const { layout, datasets } = begun.value
  if (Option.isSome(wanted) && wanted.value !== layout) {
    return yield* otherLayout(
      `This lake was begun with LAKE_LAYOUT=${layout}, and LAKE_LAYOUT=${wanted.value} is set`,
      `Set LAKE_LAYOUT=${layout}, or choose another LAKE_URL and run \`full\` there`,
    )
  }
  const otherDatasets = datasets.filter((known) => !tables.some(({ dataset }) => dataset === known))
  if (layout === "single" && (tables.length > 1 || otherDatasets.length > 0)) {
    return yield* otherLayout(
      `This lake was begun with one table (LAKE_LAYOUT=single${datasets.length === 0 ? "" : `, dataset ${datasets.join(", ")}`}) and has no room for another`,
      "Choose another LAKE_URL and a slot of its own for it, set LAKE_LAYOUT=datasets there, and run `init`, `full` and `cdc`",
    )
  }
  return layout
})

/** Returns the lake's layout. Fails with `OtherLayout` if the tables do not fit into it, or with `DatasetName`. */
export const lakeLayout = Effect.fn("LakeLayout.lakeLayout")(function* (
  tables: ReadonlyArray<SourceTable>,
  wanted: Option.Option<Layout>,
  watermark: Option.Option<Watermark>,
) {
  const layout = yield* decidedLayout(tables, wanted, watermark)
  yield* checkDatasetNames(tables, layout, watermark)
  return layout
})
