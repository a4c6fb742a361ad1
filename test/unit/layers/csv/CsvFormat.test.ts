import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer } from "effect"
import * as CsvFormat from "../../../../layers/csv/CsvFormat.ts"
import * as MemoryObjectStore from "../../../../layers/memory/MemoryObjectStore.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { RowFormat } from "../../../../src/services/lake/RowFormat.ts"
import { rowFormatContract } from "../../../contract/rowFormatContract.ts"

for (const compression of ["none", "gzip"] as const)
  describe(`objects of CSV, with CSV_COMPRESSION=${compression}`, () => {
    const lake = Layer.fresh(Layer.merge(CsvFormat.layer(compression), MemoryObjectStore.layer))
    for (const [behaviour, program] of rowFormatContract)
      it.effect(behaviour, () => Effect.provide(program, lake))
  })

describe("an object of compressed CSV that is interrupted", () => {
  const lake = Layer.merge(CsvFormat.layer("gzip"), MemoryObjectStore.layer)

  for (const [step, bytes] of [
    ["while its bytes are compressed", 4_000_000],
    ["while it is committed", 10],
  ] as const)
    it.effect(`${step} ends by that alone, and its scope closes`, () =>
      Effect.gen(function* () {
        const { copies } = yield* RowFormat
        const store = yield* ObjectStore
        let isClosed = false
        const writing = Effect.scoped(
          Effect.gen(function* () {
            yield* Effect.addFinalizer(() =>
              Effect.sync(() => {
                isClosed = true
              }),
            )
            const object = yield* copies.open(yield* store.create("full/a.csv.gz"))
            yield* object.write(Buffer.alloc(bytes, "a"))
            yield* object.commit
          }),
        )
        const fiber = yield* Effect.forkChild(writing, { startImmediately: true })
        yield* Fiber.interrupt(fiber)
        const exit = yield* Fiber.await(fiber)
        assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
        assert.isTrue(isClosed)
      }).pipe(Effect.provide(lake)),
    )
})
