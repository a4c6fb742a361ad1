/** A writer's resume state in memory, between two batches. */
import { Option } from "effect"
import { dropsNewColumns } from "../../columns/NewColumns.ts"
import { projectionFor } from "../../core/columns/Projection.ts"
import type * as Lsn from "../../core/Lsn.ts"
import type { Stamp } from "../../core/lake/ObjectKey.ts"
import type { CommitMark, LakeFolders, Watermark } from "../../core/lake/Watermark.ts"
import type { SourceIdentity } from "../../services/source/SourceTables.ts"
import { entryNames } from "../masks/EntryNames.ts"
import type { DatasetTail, FollowedTail, WrittenDataset } from "../rows/DatasetObjects.ts"
import { schemaKeys } from "../rows/SchemaHistory.ts"
import type { FollowedTables } from "../tables/FollowedTables.ts"

export interface Checkpoint {
  readonly source: SourceIdentity
  readonly slot: string
  readonly layout: LakeFolders
  /** The watermark without the fields of the fence. Its position is that of this writer. */
  readonly watermark: Watermark
  /** The WAL up to here is read. If it has not grown since, the slot holds nothing new. */
  readonly readUpTo: Lsn.Lsn
  /** The end of each dataset in the lake, also of those that are not followed yet. */
  readonly datasets: ReadonlyArray<DatasetTail>
  readonly tables: FollowedTables
  /** By dataset: the columns that the lake has, if others are dropped. Read once under the settings in force. */
  readonly known: ReadonlyMap<string, ReadonlySet<string>>
}

/** The ends of the datasets that are followed now, with the present names of their tables. */
export const followedTails = ({
  datasets,
  tables,
  known,
}: Pick<Checkpoint, "datasets" | "tables" | "known">): ReadonlyArray<FollowedTail> => {
  const tails = new Map(datasets.map((tail) => [tail.source.dataset, tail]))
  const namesOf = entryNames(tables.configured)
  return tables.now.flatMap((one) => {
    const { dataset, table, names, tree, leaves, definition } = one
    const tail = tails.get(dataset)
    if (tail === undefined) return []
    const found = projectionFor(tables.rules, [...namesOf(one), ...names])
    const inLake = dropsNewColumns(found) ? known.get(dataset) : undefined
    const columns = tables.columns.get(dataset)
    const projection = found
      ?.knowing({ inLake, masked: columns?.masked ?? new Map() })
      .keepingOut(columns?.renamed)
    const all = [...names, ...(tree?.branches ?? [])]
    return [{ ...tail, source: { dataset, table }, names: all, leaves, projection, definition }]
  })
}

/** The newest object of each dataset that has one. */
export const newestStamps = ({ datasets }: Checkpoint): ReadonlyArray<Stamp> =>
  datasets.flatMap(({ newest }) => Option.toArray(newest))

/** Returns the checkpoint after `written`, with everything up to `position`, is durable. */
export const movedTo = (
  checkpoint: Checkpoint,
  position: Lsn.Lsn,
  written: ReadonlyArray<WrittenDataset>,
  lastCommit: Option.Option<CommitMark>,
): Checkpoint => {
  const newest = new Map(
    written.flatMap(({ dataset, objects }) => objects.slice(-1).map((object) => [dataset, object] as const)),
  )
  const schemas = new Map(written.map(({ dataset, schema }) => [dataset, schema] as const))
  const { watermark } = checkpoint
  return {
    ...checkpoint,
    watermark: {
      ...watermark,
      position,
      lastCommit: Option.orElse(lastCommit, () => watermark.lastCommit),
      objects: new Map([
        ...watermark.objects,
        ...[...newest].map(([dataset, { key }]) => [dataset, key] as const),
      ]),
      schemas: new Map([...watermark.schemas, ...schemaKeys(schemas)]),
    },
    datasets: checkpoint.datasets.map((tail): DatasetTail => {
      const object = Option.fromUndefinedOr(newest.get(tail.source.dataset))
      const [key, stamp] = [Option.map(object, (one) => one.key), Option.map(object, (one) => one.stamp)]
      return {
        ...tail,
        newestKey: Option.orElse(key, () => tail.newestKey),
        newest: Option.orElse(stamp, () => tail.newest),
        schema: schemas.get(tail.source.dataset) ?? tail.schema,
        written: Option.filter(tail.written, ({ lsn }) => lsn > position),
      }
    }),
  }
}
