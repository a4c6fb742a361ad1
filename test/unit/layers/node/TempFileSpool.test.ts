import { type FileHandle, open, readdir, utimes, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, type Layer, Stream } from "effect"
import * as MemorySpool from "../../../../layers/memory/MemorySpool.ts"
import * as TempFileSpool from "../../../../layers/node/TempFileSpool.ts"
import { Spool, type SpoolFile } from "../../../../src/services/Spool.ts"
import { ownTemporaryFolder } from "../../../support/temporaryFolder.ts"

/** A piece holds until the next one is asked for. */
const content = (file: SpoolFile) =>
  Stream.runFold(
    file.replay,
    () => "",
    (text, piece) => text + Buffer.from(piece).toString("latin1"),
  )

const spoolContract = (name: string, layer: Layer.Layer<Spool>) =>
  describe(`Spool: ${name}`, () => {
    it.effect("gives back everything that was appended, more than once", () =>
      Effect.gen(function* () {
        const file = yield* (yield* Spool).open
        const large = "x".repeat(700_000)
        yield* file.append(Buffer.from("begin "))
        yield* file.append(Buffer.from(large))
        assert.strictEqual(yield* content(file), `begin ${large}`)
        yield* file.append(Buffer.from(" end"))
        assert.strictEqual(yield* content(file), `begin ${large} end`)
      }).pipe(Effect.provide(layer)),
    )

    it.effect("reads from any place, as much as there is or fits", () =>
      Effect.gen(function* () {
        const file = yield* (yield* Spool).open
        yield* file.append(Buffer.from("begin "))
        yield* file.append(Buffer.from("end"))
        const read = (offset: number, length: number) => {
          const room = Buffer.alloc(length)
          return Effect.map(file.read(room, offset), (count) => room.toString("latin1", 0, count))
        }
        assert.strictEqual(yield* read(4, 3), "n e")
        assert.strictEqual(yield* read(6, 100), "end")
        yield* file.clear
        yield* file.append(Buffer.from("other"))
        assert.strictEqual(yield* read(0, 100), "other")
      }).pipe(Effect.provide(layer)),
    )

    it.effect("forgets what it is told to forget", () =>
      Effect.gen(function* () {
        const file = yield* (yield* Spool).open
        yield* file.append(Buffer.from("first transaction"))
        yield* file.clear
        assert.strictEqual(yield* content(file), "")
        yield* file.append(Buffer.from("second"))
        assert.strictEqual(yield* content(file), "second")
      }).pipe(Effect.provide(layer)),
    )

    it.effect("keeps bytes that the caller uses again", () =>
      Effect.gen(function* () {
        const file = yield* (yield* Spool).open
        const buffer = Buffer.from("abc")
        yield* file.append(buffer)
        buffer.fill("z")
        assert.strictEqual(yield* content(file), "abc")
      }).pipe(Effect.provide(layer)),
    )
  })

spoolContract("temporary file", TempFileSpool.layer)
spoolContract("memory", MemorySpool.layer)

describe("Spool: temporary file", () => {
  it.effect("has no name in the folder for temporary files, so that a kill leaves nothing", () =>
    Effect.gen(function* () {
      const folder = yield* ownTemporaryFolder
      const inside = Effect.promise(() => readdir(folder))
      const during = yield* Effect.scoped(
        Effect.gen(function* () {
          const file = yield* (yield* Spool).open
          yield* file.append(Buffer.from("x"))
          return yield* inside
        }),
      )
      assert.deepStrictEqual(during, [])
      assert.deepStrictEqual(yield* inside, [])
    }).pipe(Effect.provide(TempFileSpool.layer)),
  )

  it.effect("says so where somebody has cut the file, and does not take what is left for all", () =>
    Effect.gen(function* () {
      const opened: Array<FileHandle> = []
      const remembered: TempFileSpool.OpenFile = async (...args) => {
        const handle = await open(...args)
        opened.push(handle)
        return handle
      }
      const { open: openSpool } = yield* Effect.provide(Spool, TempFileSpool.layerWith(remembered))
      const file = yield* openSpool
      yield* file.append(Buffer.alloc(1_000_000))
      yield* Effect.promise(async () => opened[0]?.truncate(300_000))
      const error = yield* Effect.flip(content(file))
      assert.strictEqual(error.reason, "Broken")
      assert.match(error.message, /a file ends after 300000 of the 1000000 bytes/)
      const beyond = yield* Effect.flip(file.read(Buffer.alloc(10), 300_000))
      assert.strictEqual(beyond.message, error.message)
    }),
  )

  it.effect("removes what a killed process has left, when it begins", () =>
    Effect.gen(function* () {
      const folder = yield* ownTemporaryFolder
      const names = ["afluente-spool-old", "afluente-verify-old"]
      const longAgo = new Date(0)
      yield* Effect.promise(async () => {
        for (const name of names) {
          await writeFile(join(folder, name), "row")
          await utimes(join(folder, name), longAgo, longAgo)
        }
      })
      yield* Effect.provide(Spool, TempFileSpool.layer)
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(folder)), [])
    }),
  )

  it.live("ends what it writes although nobody waits for it any more", () =>
    Effect.gen(function* () {
      const file = yield* (yield* Spool).open
      const large = "x".repeat(30_000_000)
      const append = yield* Effect.forkChild(file.append(Buffer.from(large)), { startImmediately: true })
      yield* Fiber.interrupt(append)
      yield* file.append(Buffer.from("end"))
      // Not shown where they differ: it would be a page of 30 MB.
      assert.isTrue((yield* content(file)) === `${large}end`)
    }).pipe(Effect.provide(TempFileSpool.layer)),
  )
})
