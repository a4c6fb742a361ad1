/** Where a process of the version before the fence is between two batches, and how it begins. */
import { Effect, Option } from "effect"
import { MemoryPostgres } from "../../../../../../layers/memory/postgres/MemoryPostgres.ts"
import type { MemorySession } from "../../../../../../layers/memory/postgres/MemorySessions.ts"
import type { FollowedTail, WrittenDataset } from "../../../../../../src/cdc/rows/DatasetObjects.ts"
import { noSchema } from "../../../../../../src/cdc/rows/SchemaHistory.ts"
import { decideStart } from "../../../../../../src/cdc/start/StartDecision.ts"
import * as Lsn from "../../../../../../src/core/Lsn.ts"
import { watermarkKey } from "../../../../../../src/core/lake/ObjectKey.ts"
import { bare, print, type Watermark } from "../../../../../../src/core/lake/Watermark.ts"
import type { SourceTable } from "../../../../../../src/core/source/SourceTable.ts"
import { lastRowPosition, newestObject } from "../../../../../../src/lake/NewestObject.ts"
import { ObjectStore } from "../../../../../../src/services/lake/ObjectStore.ts"
import { WatermarkStore } from "../../../../../../src/services/lake/WatermarkStore.ts"
import { slotName } from "../../../../../support/memory/memoryWorld.ts"

/** Between two batches. */
export interface Place {
  readonly watermark: Watermark
  readonly readUpTo: Lsn.Lsn
  readonly tails: ReadonlyArray<FollowedTail>
}

/** The slot and the WAL now, where the writer may go on. */
export const lookFrom = Effect.fnUntraced(function* (
  session: MemorySession,
  watermark: Option.Option<Watermark>,
) {
  const server = yield* MemoryPostgres
  yield* server.sessions.inside(session)
  const slot = Option.map(
    Option.fromUndefinedOr(server.slots.find(slotName)),
    ({ confirmed, walStatus }) => ({
      confirmed,
      restart: Option.some(confirmed),
      walStatus,
    }),
  )
  const view = { slot, flushed: server.wal.flushed }
  const position = yield* Effect.fromResult(
    decideStart({ slotName, source: server.identity, view, watermark }),
  )
  return { position, flushed: view.flushed }
})

export const writeWatermark = Effect.fnUntraced(function* (watermark: Watermark, isBare: boolean) {
  const store = yield* ObjectStore
  const text = isBare ? `${Lsn.print(watermark.position)}\n` : print(watermark)
  yield* store.put(watermarkKey, Buffer.from(text))
})

/** Where it begins, by the watermark's old lines and the last row of each newest object. */
export const resume = Effect.fnUntraced(function* (
  session: MemorySession,
  tables: ReadonlyArray<SourceTable>,
  isBare: boolean,
) {
  const server = yield* MemoryPostgres
  const known = yield* Effect.flatMap(WatermarkStore, ({ read }) => read)
  const { position } = yield* lookFrom(session, known)
  const objects = new Map(Option.match(known, { onNone: () => [], onSome: (found) => [...found.objects] }))
  const tails = yield* Effect.forEach(
    tables,
    Effect.fnUntraced(function* (source) {
      const recorded = Option.fromUndefinedOr(objects.get(source.dataset))
      const found = yield* newestObject("inc", "datasets", source.dataset, recorded)
      const row = Option.isSome(found) ? yield* lastRowPosition(found.value.object) : Option.none()
      if (Option.isSome(found)) objects.set(source.dataset, found.value.object.key)
      const tail: FollowedTail = {
        source,
        names: [source.table],
        leaves: undefined,
        projection: undefined,
        newestKey: Option.map(found, ({ object }) => object.key),
        newest: Option.map(found, ({ stamp }) => stamp),
        written: Option.filter(row, ({ lsn }) => lsn > position),
        schema: noSchema,
        definition: undefined,
      }
      return tail
    }),
  )
  const watermark: Watermark = {
    ...bare(position),
    slot: Option.some(slotName),
    database: Option.some(server.identity.database),
    systemIdentifier: Option.some(server.identity.systemIdentifier),
    layout: Option.some("datasets"),
    objects,
  }
  yield* server.slots.advance(slotName, position)
  if (Option.isNone(known) || Option.isNone(known.value.slot)) yield* writeWatermark(watermark, isBare)
  return { watermark, readUpTo: Lsn.zero, tails } satisfies Place
})

export const movedTo = (
  { watermark, tails }: Place,
  position: Lsn.Lsn,
  readUpTo: Lsn.Lsn,
  written: ReadonlyArray<WrittenDataset>,
): Place => {
  const newest = new Map(
    written.flatMap(({ dataset, objects }) => objects.slice(-1).map((object) => [dataset, object] as const)),
  )
  const keys = [...newest].map(([dataset, { key }]) => [dataset, key] as const)
  return {
    readUpTo,
    watermark: { ...watermark, position, objects: new Map([...watermark.objects, ...keys]) },
    tails: tails.map((tail) => ({
      ...tail,
      newest: Option.orElse(
        Option.map(Option.fromUndefinedOr(newest.get(tail.source.dataset)), ({ stamp }) => stamp),
        () => tail.newest,
      ),
      written: Option.filter(tail.written, ({ lsn }) => lsn > position),
    })),
  }
}
