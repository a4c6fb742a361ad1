/** The spool in memory: for tests, whose transactions are small. */
import { Effect, Layer, Stream } from "effect"
import { Spool } from "../../src/services/Spool.ts"

export const layer: Layer.Layer<Spool> = Layer.succeed(
  Spool,
  Spool.of({
    open: Effect.sync(() => {
      let chunks: Array<Uint8Array> = []
      return {
        append: (bytes) => Effect.sync(() => void chunks.push(Uint8Array.from(bytes))),
        clear: Effect.sync(() => {
          chunks = []
        }),
        replay: Stream.suspend(() => Stream.fromIterable(chunks)),
        read: (buffer, offset) => Effect.sync(() => Buffer.concat(chunks).copy(buffer, 0, offset)),
      }
    }),
  }),
)
