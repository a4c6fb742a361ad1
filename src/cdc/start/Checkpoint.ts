/** A writer's resume state in memory: where it is between two batches. */
import { Option } from "effect"
import type * as Lsn from "../../core/Lsn.ts"
import type { Stamp } from "../../core/lake/ObjectKey.ts"
import type { CommitMark, Layout, Watermark } from "../../core/lake/Watermark.ts"
import type { SourceIdentity } from "../../services/source/SourceTables.ts"
import type { DatasetTail, FollowedTail, WrittenDataset } from "../rows/DatasetObjects.ts"
import type { FollowedTables } from "../tables/FollowedTables.ts"

export interface Checkpoint {
  readonly source: SourceIdentity
  readonly slot: string
  readonly layout: Layout
  /** What the lake says of itself; its position is where this writer is. Who may write is not decided by it. */
  readonly watermark: Watermark
  /** The WAL up to here is read to its end: where nothing was written since, there is nothing to ask for. */
  readonly readUpTo: Lsn.Lsn
  /** Where each dataset ends in the lake; those that are not followed yet are among them. */
  readonly datasets: ReadonlyArray<DatasetTail>
  readonly tables: FollowedTables
}

/** The ends of the datasets that are read now, with their tables as they are called now. */
export const followedTails = ({ datasets, tables }: Checkpoint): ReadonlyArray<FollowedTail> =>
  tables.now.flatMap(({ dataset, table, names }) =>
    datasets
      .filter((tail) => tail.source.dataset === dataset)
      .map((tail) => ({ ...tail, source: { dataset, table }, names })),
  )

/** The newest object of each dataset that has one. */
export const newestStamps = ({ datasets }: Checkpoint): ReadonlyArray<Stamp> =>
  datasets.flatMap(({ newest }) => Option.toArray(newest))

/** Where the writer is once `written` and everything up to `position` is durable. */
export const movedTo = (
  checkpoint: Checkpoint,
  position: Lsn.Lsn,
  written: ReadonlyArray<WrittenDataset>,
  lastCommit: Option.Option<CommitMark>,
): Checkpoint => {
  const newest = new Map(
    written.flatMap(({ dataset, objects }) => objects.slice(-1).map((object) => [dataset, object] as const)),
  )
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
    },
    datasets: checkpoint.datasets.map((tail): DatasetTail => {
      const object = Option.fromUndefinedOr(newest.get(tail.source.dataset))
      const [key, stamp] = [Option.map(object, (one) => one.key), Option.map(object, (one) => one.stamp)]
      return {
        ...tail,
        newestKey: Option.orElse(key, () => tail.newestKey),
        newest: Option.orElse(stamp, () => tail.newest),
        written: Option.filter(tail.written, ({ lsn }) => lsn > position),
      }
    }),
  }
}
