/** The comparison in memory: for tests, whose tables are small. */
import { Context, Effect, Layer, Stream } from "effect"
import {
  LakeComparison,
  type Replay,
  type ReplaySource,
  type Workbench,
} from "../../../src/services/lake/LakeComparison.ts"
import { ObjectStore } from "../../../src/services/lake/ObjectStore.ts"
import * as MemoryObjectStore from "../MemoryObjectStore.ts"
import { orderOf } from "./MemoryOrder.ts"
import { changesToReplay, countedDifferences, keyedDifferences, unidentified } from "./MemoryReplay.ts"
import {
  type ChangedRow,
  MemoryChangeLocations,
  MemoryTableChanges,
  MemoryTableRows,
  type StoredRow,
} from "./MemoryRows.ts"

const open = Effect.sync(() => {
  const tables = new Map<string, ReadonlyArray<StoredRow>>()
  const changed = new Map<string, ReadonlyArray<ChangedRow>>()
  const placed = new Map<string, MemoryChangeLocations["rows"]>()
  const kept = <Row, Stored extends { readonly name: string; readonly rows: ReadonlyArray<Row> }>(
    all: Map<string, ReadonlyArray<Row>>,
    stored: Stored,
  ) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        all.set(stored.name, stored.rows)
        return stored
      }),
      ({ name }) => Effect.sync(() => all.delete(name)),
    )
  const replay = ({ table, live, copied, changes }: ReplaySource): Replay => {
    const rows = (name: string) => tables.get(name) ?? []
    const replayed = changesToReplay(rows(copied.name), changed.get(changes.name) ?? [])
    const differences = table.key.length > 0 ? keyedDifferences : countedDifferences
    return {
      unidentified: unidentified(table, replayed.changes),
      differences: Stream.suspend(() =>
        Stream.fromIterable(
          differences(
            table,
            rows(live.name).map(({ values }) => values),
            replayed.copied,
            replayed.changes,
          ),
        ),
      ),
    }
  }
  return {
    rows: (name) => kept(tables, new MemoryTableRows(name)),
    changes: (name) => kept(changed, new MemoryTableChanges(name)),
    locations: (name) => kept(placed, new MemoryChangeLocations(name)),
    lake: Effect.map(MemoryObjectStore.make, (context) => Context.get(context, ObjectStore)),
    replay: (source) => Effect.sync(() => replay(source)),
    order: ({ name }) => Effect.sync(() => orderOf(placed.get(name) ?? [])),
  } satisfies Workbench
})

export const layer: Layer.Layer<LakeComparison> = Layer.succeed(LakeComparison, LakeComparison.of({ open }))
