/**
 * Writes a copy as objects: one of a small table, several of one that is larger than FULL_OBJECT_SIZE, and those of each leaf
 * of a partitioned table. Each has a header, and all are named by one manifest.
 */
import { Clock, Effect, Option } from "effect"
import { projectedCopy } from "../columns/ProjectedCopy.ts"
import type { ProjectedTable } from "../columns/ProjectedTable.ts"
import { toBytes } from "../core/bytes/Bytes.ts"
import { csvRow } from "../core/csv/Csv.ts"
import type { CopiedObject, Manifest } from "../core/lake/Manifest.ts"
import { nextStamp, objectKey, stampAfter } from "../core/lake/ObjectKey.ts"
import type { LakeFolders } from "../core/lake/Watermark.ts"
import { printInSql } from "../core/source/SourceTable.ts"
import { newestObject } from "../lake/NewestObject.ts"
import { RowFormat } from "../services/lake/RowFormat.ts"
import type { SourceError } from "../services/source/SourceError.ts"
import type { Snapshot, TableCopy } from "../services/source/SourceTables.ts"
import { Settings } from "../settings/Settings.ts"
import { RowObjects } from "./RowObjects.ts"

/** Rows that have objects of their own. */
interface CopyPart {
  /** The leaf that they are of, as printed in SQL. */
  readonly partition: string | undefined
  readonly copy: TableCopy
}

/** Returns one part, or one per leaf. */
const partsOf = (snapshot: Snapshot, projected: ProjectedTable): ReadonlyArray<CopyPart> => {
  const { description } = projected
  return description.leaves === undefined
    ? [{ partition: undefined, copy: projectedCopy(snapshot, projected) }]
    : description.leaves.map(({ table }) => ({
        partition: printInSql(table),
        copy: projectedCopy(snapshot, {
          ...projected,
          description: { ...description, table, leaves: undefined },
        }),
      }))
}

/** A copy of a partitioned table without rows. */
const emptyCopy = ({ description }: ProjectedTable): TableCopy => ({
  open: () =>
    Effect.succeed({
      header: Buffer.from(csvRow(description.columns.map(({ name }) => toBytes(name))), "latin1"),
      parts: [],
    }),
})

/** Returns keys of objects of the dataset, each after the one before. */
const keysOf = Effect.fnUntraced(function* (layout: LakeFolders, dataset: string) {
  const { copies } = yield* RowFormat
  const newest = yield* newestObject("full", layout, dataset, Option.none())
  let stamp = nextStamp(
    Option.map(newest, (found) => found.stamp),
    yield* Clock.currentTimeMillis,
  )
  return () => {
    const key = objectKey("full", layout, dataset, stamp, copies.ending)
    stamp = stampAfter(stamp)
    return key
  }
})

/**
 * Writes the rows of the table, and makes each object visible as soon as it is whole. A leaf without rows has no object; a
 * table without rows has one of the header alone. Runs `onRead` when the last row is read, before the last objects are sent.
 */
export const copiedObjects = Effect.fn("CopiedObjects.copiedObjects")(function* <R>(
  snapshot: Snapshot,
  projected: ProjectedTable,
  dataset: string,
  layout: LakeFolders,
  onBytes: (bytes: number) => void,
  onRead: Effect.Effect<void, SourceError, R>,
) {
  const { fullObjectSize: bound } = yield* Settings
  const nextKey = yield* keysOf(layout, dataset)

  const writePart = Effect.fnUntraced(function* ({ partition, copy }: CopyPart, isLast: boolean) {
    const objects = new RowObjects({ nextKey, bound, partition, onBytes }, yield* Effect.scope)
    yield* objects.writeAll(copy)
    if (isLast) yield* onRead
    const written = yield* objects.finish
    return written.length === 0 && partition === undefined ? [yield* objects.empty] : written
  }, Effect.scoped)

  const parts = partsOf(snapshot, projected)
  const objects: Array<CopiedObject> = []
  for (const [i, part] of parts.entries()) objects.push(...(yield* writePart(part, i === parts.length - 1)))
  if (parts.length === 0) yield* onRead
  const [one, ...others] = objects
  if (one !== undefined) return [one, ...others] satisfies Manifest["objects"]
  const [empty] = yield* writePart({ partition: undefined, copy: emptyCopy(projected) }, false)
  return [Option.getOrThrow(Option.fromUndefinedOr(empty))] satisfies Manifest["objects"]
})
