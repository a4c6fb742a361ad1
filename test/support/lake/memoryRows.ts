/** What a lake in memory tells of its datasets. */
import { Effect } from "effect"
import { lakeKeys, textsOf, watermarkLines } from "../memory/memoryWorld.ts"

/** `_op` and first column of the rows of a dataset in the layout `datasets`, in order. */
export const rowsOf = (dataset: string) =>
  Effect.gen(function* () {
    const keys = (yield* lakeKeys).filter((key) => key.startsWith(`inc/${dataset}/`))
    const text = yield* textsOf(keys)
    return [...text.matchAll(/^([IUDT]),(?:[^,]*,){6}([^,\n]*)/gm)].map(([, op, id]) => `${op}${id}`)
  })

/** A line of the watermark; undefined if it has none. */
export const lineOf = (key: string) =>
  Effect.map(watermarkLines, (lines) =>
    lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1),
  )

/** `new` of `from.dataset=0/16B3748 733 new`. */
export const reasonOf = (dataset: string) =>
  Effect.map(lineOf(`from.${dataset}`), (line) => line?.split(" ").slice(2).join(" ") || undefined)
