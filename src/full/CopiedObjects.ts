/**
 * Writes a copy as objects: one, or one per leaf of a partitioned table. Each has a header, and all are named by one manifest.
 */
import { Clock, Effect, Option, Sink, Stream } from "effect"
import { projectedCopy } from "../columns/ProjectedCopy.ts"
import type { ProjectedTable } from "../columns/ProjectedTable.ts"
import { toBytes } from "../core/bytes/Bytes.ts"
import { csvRow } from "../core/csv/Csv.ts"
import type { CopiedObject, Manifest } from "../core/lake/Manifest.ts"
import { nextStamp, objectKey, type Stamp, stampAfter } from "../core/lake/ObjectKey.ts"
import type { Layout } from "../core/lake/Watermark.ts"
import { printInSql } from "../core/source/SourceTable.ts"
import { newestObject } from "../lake/NewestObject.ts"
import { RowFormat } from "../services/lake/RowFormat.ts"
import type { SourceError } from "../services/source/SourceError.ts"
import type { Snapshot, TableCopy } from "../services/source/SourceTables.ts"
import { tableObject } from "./TableObject.ts"

/** The rows of one object. */
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

/** The header alone: a copy of a partitioned table without rows. */
const emptyCopy = ({ description }: ProjectedTable): TableCopy => ({
  csv: Stream.make(Buffer.from(csvRow(description.columns.map(({ name }) => toBytes(name))), "latin1")),
  rows: Effect.succeed(0),
})

/** Names objects of a dataset, each after the one before. */
const namedFrom = Effect.fnUntraced(function* (layout: Layout, dataset: string) {
  const { copies } = yield* RowFormat
  const newest = yield* newestObject("full", layout, dataset, Option.none())
  const first = nextStamp(
    Option.map(newest, ({ stamp }) => stamp),
    yield* Clock.currentTimeMillis,
  )
  return { first, keyOf: (stamp: Stamp) => objectKey("full", layout, dataset, stamp, copies.ending) }
})

/**
 * Writes the rows of the table, and makes each object visible as soon as it is whole. A leaf without rows has no object; a
 * table without rows has one of the header alone. Runs `onRead` when the last row is read, before the last object is sent.
 */
export const copiedObjects = Effect.fn("CopiedObjects.copiedObjects")(function* <R>(
  snapshot: Snapshot,
  projected: ProjectedTable,
  dataset: string,
  layout: Layout,
  onBytes: (bytes: number) => void,
  onRead: Effect.Effect<void, SourceError, R>,
) {
  const { first, keyOf } = yield* namedFrom(layout, dataset)
  let stamp = first

  const writePart = Effect.fnUntraced(function* ({ partition, copy }: CopyPart, isLast: boolean) {
    const key = keyOf(stamp)
    const object = Sink.mapInput(yield* tableObject(key), (chunk: Uint8Array) => {
      onBytes(chunk.length)
      return chunk
    })
    const written = yield* Stream.run(copy.csv, object)
    const rows = yield* copy.rows
    if (isLast) yield* onRead
    // The scope ends here, and removes what was written.
    if (rows === 0 && partition !== undefined) return Option.none<CopiedObject>()
    const { bytes, md5 } = yield* written.commit
    stamp = stampAfter(stamp)
    return Option.some<CopiedObject>({
      object: key,
      rows,
      bytes,
      md5,
      ...(partition !== undefined && { partition }),
    })
  }, Effect.scoped)

  const parts = partsOf(snapshot, projected)
  const objects: Array<CopiedObject> = []
  for (const [i, part] of parts.entries())
    objects.push(...Option.toArray(yield* writePart(part, i === parts.length - 1)))
  if (parts.length === 0) yield* onRead
  const [one, ...others] = objects
  if (one !== undefined) return [one, ...others] satisfies Manifest["objects"]
  const empty = yield* writePart({ partition: undefined, copy: emptyCopy(projected) }, false)
  return [Option.getOrThrow(empty)] satisfies Manifest["objects"]
})
