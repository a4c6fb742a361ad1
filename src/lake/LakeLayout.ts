/** Decides the layout of the lake. A lake keeps the layout that it was begun with, because readers rely on it. */
import { Effect, Option, Stream } from "effect"
import { type LakeFolders, layoutOf, parseKey, rootOf } from "../core/lake/ObjectKey.ts"
import type { Layout, Watermark } from "../core/lake/Watermark.ts"
import { type TableSelection, tablesIn } from "../core/tables/TableSelection.ts"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import { Refusal } from "../services/Refusal.ts"
import { withUsableNames } from "./DatasetNames.ts"

/** Returns the dataset whose copies are at the root; none if there are none. */
const copiedToRoot = Effect.gen(function* () {
  const store = yield* ObjectStore
  const first = yield* store.list("full/date=").pipe(
    Stream.map(({ key }) => Option.flatMap(parseKey(key), ({ dataset }) => dataset)),
    Stream.filter(Option.isSome),
    Stream.runHead,
  )
  return Option.flatten(first)
})

/** Before the first watermark there may be a `full`: its key shows the layout. */
const begunByFull = Effect.gen(function* () {
  const root = yield* copiedToRoot
  if (Option.isSome(root)) return Option.some<LakeFolders>({ root: root.value })
  const store = yield* ObjectStore
  const first = yield* store.list("full/").pipe(
    Stream.filter(({ key }) => Option.isSome(parseKey(key))),
    Stream.runHead,
  )
  return Option.map(first, (): LakeFolders => "datasets")
})

/** A `single` lake of an older version names its root nowhere: it had one dataset. */
const rootOfOlder = Effect.fnUntraced(function* ({ objects, tables }: Watermark, selection: TableSelection) {
  const [written] = [...objects].find(([, key]) => key.startsWith("inc/date=")) ?? []
  const copied = yield* copiedToRoot
  const [followed] = tables.keys()
  const [configured] = tablesIn(selection)
  return written ?? Option.getOrUndefined(copied) ?? followed ?? configured?.dataset ?? ""
})

/** Returns the layout in the watermark; none in a watermark of an older version. */
const begunBy = Effect.fnUntraced(function* (watermark: Watermark, selection: TableSelection) {
  if (Option.isNone(watermark.layout)) return Option.none<LakeFolders>()
  if (watermark.layout.value === "datasets") return Option.some<LakeFolders>("datasets")
  return Option.some<LakeFolders>({
    root: Option.isSome(watermark.root) ? watermark.root.value : yield* rootOfOlder(watermark, selection),
  })
})

const otherLayout = (problem: string, remedy: string) =>
  new Refusal({
    reason: "OtherLayout",
    problem,
    risk: "Rows of one dataset would be in two places, and readers would miss one of them",
    remedy,
  })

const hasPattern = ({ matched, unusable, unmatched }: TableSelection): boolean =>
  matched.length + unusable.length + unmatched.length > 0

/** LAKE_LAYOUT, else `single` for one table and `datasets` for several. */
const newLayout = Effect.fnUntraced(function* (selection: TableSelection, wanted: Option.Option<Layout>) {
  const [first, ...others] = tablesIn(selection)
  // A pattern counts as several tables: more may match tomorrow.
  const isSeveral = first === undefined || others.length > 0 || hasPattern(selection)
  const layout = Option.getOrElse(wanted, (): Layout => (isSeveral ? "datasets" : "single"))
  if (layout === "datasets") return layout
  if (isSeveral) {
    return yield* otherLayout(
      `LAKE_LAYOUT=single begins with one table, and SOURCE_TABLES ${hasPattern(selection) ? "has a pattern" : `names ${others.length + 1}`}`,
      "Set LAKE_LAYOUT=datasets",
    )
  }
  return { root: first.dataset }
})

/** True if further datasets have come, or come now: they have folders of their own. */
const isGrown = (root: string, selection: TableSelection, watermark: Option.Option<Watermark>): boolean =>
  hasPattern(selection) ||
  tablesIn(selection).some(({ dataset }) => dataset !== root) ||
  Option.exists(watermark, ({ objects, tables }) =>
    [...objects.keys(), ...tables.keys()].some((dataset) => dataset !== root),
  )

/** Returns the lake's own layout, else that of a new one. */
const decidedLayout = Effect.fnUntraced(function* (
  selection: TableSelection,
  wanted: Option.Option<Layout>,
  watermark: Option.Option<Watermark>,
) {
  const remembered = Option.isSome(watermark)
    ? yield* begunBy(watermark.value, selection)
    : Option.none<LakeFolders>()
  const begun = Option.isSome(remembered) ? remembered : yield* begunByFull
  if (Option.isNone(begun)) return yield* newLayout(selection, wanted)
  const layout = layoutOf(begun.value)
  // LAKE_LAYOUT=datasets is accepted for a grown lake: all but its first dataset have folders.
  const isGrownLake = Option.match(rootOf(begun.value), {
    onNone: () => false,
    onSome: (root) => isGrown(root, selection, watermark),
  })
  if (Option.isSome(wanted) && wanted.value !== layout && !isGrownLake) {
    return yield* otherLayout(
      `This lake was begun with LAKE_LAYOUT=${layout}, and LAKE_LAYOUT=${wanted.value} is set`,
      `Set LAKE_LAYOUT=${layout}, or choose another LAKE_URL and run \`full\` there`,
    )
  }
  return begun.value
})

/**
 * Returns the lake's layout, and the tables with names that the lake can take. Fails with `OtherLayout` if the tables do not fit
 * into it, or with `DatasetName`.
 */
export const lakeLayout = Effect.fn("LakeLayout.lakeLayout")(function* (
  selection: TableSelection,
  wanted: Option.Option<Layout>,
  watermark: Option.Option<Watermark>,
) {
  const layout = yield* decidedLayout(selection, wanted, watermark)
  return { layout, selection: yield* withUsableNames(selection, layout, watermark) }
})
