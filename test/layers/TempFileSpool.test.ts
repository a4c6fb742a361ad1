import { readdir } from "node:fs/promises"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer, Stream } from "effect"
import * as MemorySpool from "../../layers/MemorySpool.ts"
import * as TempFileSpool from "../../layers/TempFileSpool.ts"
import { Spool, type SpoolFile } from "../../src/services/Spool.ts"

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
  it.effect("leaves nothing in the folder for temporary files", () =>
    Effect.gen(function* () {
      const folders = Effect.promise(async () =>
        (await readdir(tmpdir())).filter((name) => name.startsWith("afluente-spool-")),
      )
      const before = yield* folders
      const during = yield* Effect.scoped(
        Effect.gen(function* () {
          const file = yield* (yield* Spool).open
          yield* file.append(Buffer.from("x"))
          return yield* folders
        }),
      )
      assert.strictEqual(during.length, before.length + 1)
      assert.deepStrictEqual(yield* folders, before)
    }).pipe(Effect.provide(TempFileSpool.layer)),
  )
})
