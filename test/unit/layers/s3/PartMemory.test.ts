import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import * as MemorySpool from "../../../../layers/memory/MemorySpool.ts"
import * as MinioObjectStore from "../../../../layers/s3/MinioObjectStore.ts"
import { HeldPart, makePartMemory, SendBuffer, slabPool } from "../../../../layers/s3/multipart/PartMemory.ts"
import { partBytes } from "../../../../layers/s3/multipart/PartSizes.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { Spool } from "../../../../src/services/Spool.ts"
import { readAll } from "../../../contract/objectStoreContract.ts"
import { memoryS3 } from "../../../support/s3/memoryS3.ts"

const mebibyte = 1024 * 1024
const slab = 256 * 1024

/** Bytes asked of the system while `act` runs: those of slabs and send buffers. */
const allocated = <A, E, R>(act: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => vi.spyOn(Buffer, "allocUnsafeSlow")),
    (asked) => Effect.map(act, () => asked.mock.calls.reduce((sum, [bytes]) => sum + bytes, 0)),
    (asked) => Effect.sync(() => asked.mockRestore()),
  )

describe("A part that is being filled", () => {
  it.effect("copies what fits, says how much that was, and is loaded as it was filled", () =>
    Effect.gen(function* () {
      const part = new HeldPart(slabPool(), slab + 10)
      const bytes = Buffer.from(Array.from({ length: slab + 30 }, (_, i) => i % 251))
      assert.deepStrictEqual(
        [bytes.subarray(0, 5), bytes.subarray(5, slab - 1), bytes.subarray(slab - 1)].map((chunk) =>
          part.fill(chunk),
        ),
        [5, slab - 6, 11],
      )
      assert.strictEqual(part.fill(Buffer.from("x")), 0)
      assert.isTrue((yield* new SendBuffer().load(part)).equals(bytes.subarray(0, slab + 10)))
    }),
  )

  it("is contiguous as long as it fits into one slab", () => {
    const part = new HeldPart(slabPool(), 2 * slab)
    assert.strictEqual(part.contiguous?.length, 0)
    part.fill(Buffer.alloc(slab, "a"))
    assert.isTrue(part.contiguous?.equals(Buffer.alloc(slab, "a")))
    part.fill(Buffer.from("b"))
    assert.isUndefined(part.contiguous)
  })

  it.effect("is empty when it is cleared, and can be filled again", () =>
    Effect.gen(function* () {
      const part = new HeldPart(slabPool(), slab)
      part.fill(Buffer.from("abcd"))
      part.clear()
      part.fill(Buffer.from("xy"))
      assert.strictEqual(String(yield* new SendBuffer().load(part)), "xy")
    }),
  )

  it.effect("is loaded as it was filled after it has spilled twice in between", () =>
    Effect.gen(function* () {
      const file = yield* (yield* Spool).open
      const part = new HeldPart(slabPool(), 5 * slab)
      const bytes = Buffer.from(Array.from({ length: 4 * slab + 30 }, (_, i) => i % 251))
      part.fill(bytes.subarray(0, slab + 10))
      yield* part.spill(file)
      part.fill(bytes.subarray(slab + 10, 2 * slab + 5))
      yield* part.spill(file)
      part.fill(bytes.subarray(2 * slab + 5))
      assert.isUndefined(part.contiguous)
      assert.isTrue((yield* new SendBuffer().load(part, file)).equals(bytes))
    }).pipe(Effect.provide(MemorySpool.layer)),
  )

  it.effect("counts among the bytes of all until it is cleared, also where its spill file fails", () =>
    Effect.gen(function* () {
      const slabs = slabPool()
      const [failing, other] = [new HeldPart(slabs, 30 * mebibyte), new HeldPart(slabs, 30 * mebibyte)]
      failing.fill(Buffer.alloc(20 * mebibyte))
      other.fill(Buffer.alloc(20 * mebibyte))
      const file = yield* (yield* Spool).open
      yield* Effect.exit(failing.spill({ ...file, append: () => Effect.die("no space") }))
      assert.isTrue(other.isOver)
      failing.clear()
      assert.isFalse(other.isOver)
    }).pipe(Effect.scoped, Effect.provide(MemorySpool.layer)),
  )

  it.effect("takes as much memory as it has bytes, and uses what others gave back", () =>
    Effect.gen(function* () {
      const slabs = slabPool()
      const fill = (bytes: number) =>
        Effect.sync(() => {
          const part = new HeldPart(slabs, partBytes(1))
          part.fill(Buffer.alloc(bytes))
          return part
        })
      assert.strictEqual(yield* allocated(fill(1)), slab)
      const both = Effect.gen(function* () {
        const part = yield* fill(3 * slab)
        part.clear()
        // Twice cleared is given back once.
        part.clear()
        yield* fill(4 * slab)
      })
      assert.strictEqual(yield* allocated(both), 4 * slab)
    }),
  )
})

describe("The buffers from which parts are sent", () => {
  it.effect("are two: who wants a third waits until one is free", () =>
    Effect.gen(function* () {
      const { sendBuffer } = yield* makePartMemory(yield* Spool)
      const scopes = [yield* Scope.make(), yield* Scope.make(), yield* Scope.make()] as const
      const first = yield* Scope.provide(sendBuffer, scopes[0])
      const second = yield* Scope.provide(sendBuffer, scopes[1])
      assert.notStrictEqual(first, second)
      const third = yield* Effect.forkChild(Scope.provide(sendBuffer, scopes[2]), { startImmediately: true })
      yield* Effect.yieldNow
      assert.isUndefined(third.pollUnsafe())
      yield* Scope.close(scopes[0], Exit.void)
      assert.strictEqual(yield* Fiber.join(third), first)
    }).pipe(Effect.provide(MemorySpool.layer)),
  )

  it.effect("are not lost where somebody who waits is interrupted", () =>
    Effect.gen(function* () {
      const { sendBuffer } = yield* makePartMemory(yield* Spool)
      const holders = [yield* Scope.make(), yield* Scope.make()] as const
      for (const holder of holders) yield* Scope.provide(sendBuffer, holder)
      const waiting = yield* Effect.forkChild(Effect.scoped(sendBuffer), { startImmediately: true })
      yield* Scope.close(holders[0], Exit.void)
      yield* Fiber.interrupt(waiting)
      yield* Scope.close(holders[1], Exit.void)
      yield* Effect.scoped(Effect.andThen(sendBuffer, sendBuffer))
    }).pipe(Effect.provide(MemorySpool.layer)),
  )
})

const names = Array.from({ length: 12 }, (_, n) => `t${n}.csv`)
const part = partBytes(1)
const objectBytes = 9 * mebibyte
const pieceBytes = 64 * 1024

/** Every piece of every object is another one. */
const pieceOf = (object: number, piece: number) => {
  const bytes = Buffer.alloc(pieceBytes, object)
  bytes.writeUInt32LE(piece)
  return bytes
}

const piecesOf = (object: number) =>
  Array.from({ length: objectBytes / pieceBytes }, (_, piece) => ({ object, piece }))

describe("Many objects on their way at once", () => {
  for (const [how, order, mostBytes] of [
    // What is not sent yet of each, two rooms, and a part's worth that was dropped or is spare. In turns all of them are
    // full at once, and what they give back then is more than is kept for the rest.
    [
      "one after the other",
      names.flatMap((_, object) => piecesOf(object)),
      12 * (objectBytes - part) + 3 * part,
    ],
    [
      "in turns",
      piecesOf(0).flatMap(({ piece }) => names.map((_, object) => ({ object, piece }))),
      12 * objectBytes + 2 * part,
    ],
  ] as const) {
    it.live(`share two rooms, and hold no more than their bytes, where they are filled ${how}`, () =>
      Effect.gen(function* () {
        const s3 = yield* memoryS3
        let underWay = 0
        let mostUnderWay = 0
        yield* s3.suffer(async (asked, perform) => {
          if (!asked.url.includes("partNumber")) return perform()
          mostUnderWay = Math.max(mostUnderWay, ++underWay)
          await new Promise((resolve) => setTimeout(resolve, 200))
          underWay--
          return perform()
        })
        const writeAll = Effect.gen(function* () {
          const store = yield* ObjectStore
          const writers = yield* Effect.forEach(names, (name) => store.create(name))
          for (const { object, piece } of order)
            yield* writers[object]?.write(pieceOf(object, piece)) ?? Effect.void
          yield* Effect.forEach(writers, ({ commit }) => commit)
        })
        yield* Effect.gen(function* () {
          assert.isAtMost(yield* allocated(Effect.scoped(writeAll)), mostBytes)
          for (const [object, name] of names.entries()) {
            const whole = Buffer.concat(piecesOf(object).map(({ piece }) => pieceOf(object, piece)))
            assert.isTrue((yield* readAll(name)).equals(whole), name)
          }
        }).pipe(Effect.provide(MinioObjectStore.layer(s3.options)))
        assert.strictEqual(mostUnderWay, 2)
        assert.deepStrictEqual(yield* s3.unfinished, [])
      }),
    )
  }

  for (const [size, bytes, most] of [
    ["small ones", slab, 12],
    ["larger ones", slab + 1, 2],
  ] as const) {
    it.live(`are sent ${most} at a time where twelve ${size} are committed at once`, () =>
      Effect.gen(function* () {
        const s3 = yield* memoryS3
        let underWay = 0
        let mostUnderWay = 0
        yield* s3.suffer(async ({ method }, perform) => {
          if (method !== "PUT") return perform()
          mostUnderWay = Math.max(mostUnderWay, ++underWay)
          await new Promise((resolve) => setTimeout(resolve, 300))
          underWay--
          return perform()
        })
        yield* Effect.gen(function* () {
          const store = yield* ObjectStore
          const writeOne = (name: string, object: number) =>
            Effect.scoped(
              Effect.gen(function* () {
                const writer = yield* store.create(name, "fenced")
                yield* writer.write(Buffer.alloc(bytes, object))
                yield* writer.commit
              }),
            )
          yield* Effect.forEach(names, writeOne, { concurrency: "unbounded", discard: true })
          for (const [object, name] of names.entries())
            assert.isTrue((yield* readAll(name)).equals(Buffer.alloc(bytes, object)), name)
        }).pipe(Effect.provide(MinioObjectStore.layer(s3.options)))
        assert.strictEqual(mostUnderWay, most)
      }),
    )
  }

  it.live("are not held up by one that was given up while its parts were under way", () =>
    Effect.gen(function* () {
      const s3 = yield* memoryS3
      yield* s3.suffer((asked, perform) =>
        asked.url.includes("silent.csv") && asked.url.includes("partNumber") ? "silence" : perform(),
      )
      const write = (name: string) =>
        Effect.scoped(
          Effect.gen(function* () {
            const writer = yield* (yield* ObjectStore).create(name)
            for (const { piece } of [...piecesOf(1), ...piecesOf(1), ...piecesOf(1)]) {
              yield* writer.write(pieceOf(1, piece))
            }
            yield* writer.commit
          }),
        )
      yield* Effect.gen(function* () {
        const silent = yield* Effect.forkChild(write("silent.csv"))
        const waiting = yield* Effect.forkChild(write("waiting.csv"))
        yield* Effect.sleep("200 millis")
        yield* Fiber.interrupt(silent)
        yield* Fiber.join(waiting)
      }).pipe(Effect.provide(MinioObjectStore.layer({ ...s3.options, idleMillis: 60_000 })))
      assert.deepStrictEqual([yield* s3.keys, yield* s3.unfinished], [["waiting.csv"], []])
    }),
  )
})
