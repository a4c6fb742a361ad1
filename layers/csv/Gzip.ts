/** gzip by Node's zlib, which works beside the main thread. */
import { createGunzip, createGzip } from "node:zlib"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Effect, type Scope, type Stream } from "effect"
import type { ObjectEnding } from "../../src/core/lake/ObjectEnding.ts"
import type { ObjectWriter } from "../../src/services/lake/ObjectStore.ts"
import { StoreError } from "../../src/services/lake/StoreError.ts"

/** The first level takes about as long as PostgreSQL takes to print the same rows; the higher ones save little more. */
const level = 1
const chunkSize = 256 * 1024

const failed = (subject: string) => (cause: unknown) =>
  new StoreError({ reason: "Broken", subject, detail: "gzip gave up", cause })

/** Each write waits until its bytes are compressed, so that the caller may use their buffer again. */
const gzipAround = Effect.fnUntraced(function* (stored: ObjectWriter) {
  const gzip = yield* Effect.acquireRelease(
    Effect.sync(() => createGzip({ level, chunkSize })),
    (opened) => Effect.sync(() => opened.destroy()),
  )
  const ready: Array<Uint8Array> = []
  gzip.on("data", (piece: Uint8Array) => ready.push(piece))
  const giveOn = Effect.suspend(() => Effect.forEach(ready.splice(0), stored.write, { discard: true }))
  const compressed = (call: (done: (error?: Error | null) => void) => void) =>
    Effect.callback<void, StoreError>((resume) =>
      call((error) => resume(error == null ? Effect.void : Effect.fail(failed("object")(error)))),
    )
  const writer: ObjectWriter = {
    write: (bytes) =>
      Effect.andThen(
        compressed((done) => gzip.write(bytes, done)),
        giveOn,
      ),
    commit: compressed((done) => gzip.once("end", done).once("error", done).end()).pipe(
      Effect.andThen(giveOn),
      Effect.andThen(stored.commit),
    ),
  }
  return writer
})

/** By a name's ending, whatever new names end with. */
export interface Codec {
  /** A writer of CSV around one of the bytes that are stored. */
  readonly around: (
    ending: ObjectEnding,
    stored: ObjectWriter,
  ) => Effect.Effect<ObjectWriter, never, Scope.Scope>
  /** The CSV in the bytes that are stored. Fails with `Broken` where they do not match the ending. */
  readonly plain: (
    key: string,
    stored: Stream.Stream<Uint8Array, StoreError>,
  ) => Stream.Stream<Uint8Array, StoreError>
}

export const isCompressed = (key: string): boolean => key.endsWith(".gz")

export const gzip: Codec = {
  around: (ending, stored) => (isCompressed(ending) ? gzipAround(stored) : Effect.succeed(stored)),
  plain: (key, stored) =>
    isCompressed(key)
      ? NodeStream.pipeThroughDuplex(stored, {
          evaluate: () => createGunzip({ chunkSize }),
          onError: failed(key),
        })
      : stored,
}
