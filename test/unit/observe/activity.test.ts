/** A batch or copy in progress reports each chunk that comes or goes. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Sink } from "effect"
import { reportingReads } from "../../../src/observe/Activity.ts"
import type { PipelineEvent } from "../../../src/observe/PipelineEvent.ts"
import { PipelineEvents } from "../../../src/observe/PipelineEvents.ts"
import * as Pipeline from "../../../src/Pipeline.ts"
import { ChangeSource } from "../../../src/services/source/ChangeSource.ts"
import { cdcOnce, ended, shop, world } from "../../support/memory/memoryWorld.ts"

type Tag = PipelineEvent["_tag"]

/** The kinds of events that a program publishes, in order. */
const published = Effect.fnUntraced(function* <A, E, R>(program: Effect.Effect<A, E, R>) {
  const tags: Array<Tag> = []
  const publish = ({ _tag }: PipelineEvent) => Effect.sync(() => void tags.push(_tag))
  const exit = yield* ended(Effect.provideService(program, PipelineEvents, { publish }))
  assert.strictEqual(exit._tag, "Success")
  return tags
})

const without = (tags: ReadonlyArray<Tag>, ...left: ReadonlyArray<Tag>) =>
  tags.filter((tag) => !left.includes(tag))
const chunks = ["ChunkReceived", "ChunkWritten"] as const

const filled = Effect.gen(function* () {
  const { server, clientes } = yield* shop
  yield* server.transact((tx) => tx.insert(clientes, { id: "1", nome: "Ana", ativo: "true" }))
})

describe("the events of", () => {
  it.effect("cdc that writes a batch", () =>
    Effect.gen(function* () {
      yield* filled
      const tags = yield* published(cdcOnce)
      assert.includeMembers(tags, [...chunks])
      assert.deepStrictEqual(without(tags, ...chunks), [
        "LockAcquired",
        "SlotChecked",
        "TransactionsRead",
        "ObjectsPublished",
        "BatchWritten",
      ])
    }).pipe(Effect.provide(world())),
  )

  it.effect("a read, which still runs at each chunk what its request asks for", () =>
    Effect.gen(function* () {
      yield* filled
      const { attach } = yield* ChangeSource
      const session = reportingReads(Option.getOrThrow(yield* attach))
      const { flushed } = yield* session.readState
      let chunks = 0
      const onChunk = Effect.sync(() => {
        chunks++
      })
      const asked = { upTo: flushed, maxLines: 10, tables: [], onChunk }
      assert.deepStrictEqual(yield* published(session.readTransactions(asked, Sink.drain)), ["ChunkReceived"])
      assert.strictEqual(chunks, 1)
    }).pipe(Effect.scoped, Effect.provide(world())),
  )

  it.effect("cdc that finds nothing", () =>
    Effect.gen(function* () {
      yield* shop
      assert.deepStrictEqual(yield* published(cdcOnce), ["LockAcquired", "SlotChecked", "CaughtUp"])
    }).pipe(Effect.provide(world())),
  )

  it.effect("cdc that finds a watermark", () =>
    Effect.gen(function* () {
      yield* filled
      yield* published(cdcOnce)
      assert.deepStrictEqual((yield* published(cdcOnce)).slice(0, 2), ["LockAcquired", "WatermarkFound"])
    }).pipe(Effect.provide(world())),
  )

  it.effect("full", () =>
    Effect.gen(function* () {
      yield* filled
      const tags = yield* published(Pipeline.full)
      assert.include(tags, "ChunkWritten")
      assert.deepStrictEqual(without(tags, ...chunks), ["CopyBegan", "TableCopied", "CopyFinished"])
    }).pipe(Effect.provide(world())),
  )
})
