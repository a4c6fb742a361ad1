/** A batch or copy in progress reports each chunk that comes or goes. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { PipelineEvent } from "../../../src/observe/PipelineEvent.ts"
import { PipelineEvents } from "../../../src/observe/PipelineEvents.ts"
import * as Pipeline from "../../../src/Pipeline.ts"
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
