/** gzip by Node's zlib, which runs on its own threads. */
import { createGunzip, createGzip } from "node:zlib"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Effect, type Scope, type Stream } from "effect"
import type { ObjectEnding } from "../../src/core/lake/ObjectEnding.ts"
import type { ObjectWriter } from "../../src/services/lake/ObjectStore.ts"
import { StoreError } from "../../src/services/lake/StoreError.ts"

/** Level 1 takes about as long as PostgreSQL needs to print the same rows; higher levels save little more. */
const level = 1
const chunkSize = 256 * 1024

const failed = (subject: string) => (cause: unknown) =>
  new StoreError({ reason: "Broken", subject, detail: "gzip gave up", cause })

/** Each write waits until its bytes are compressed, so that the caller may reuse their buffer. */
const gzipAround = Effect.fnUntraced(function* (stored: ObjectWriter) {
  const gzip = yield* Effect.acquireRelease(
    Effect.sync(() => createGzip({ level, chunkSize })),
    (opened) => Effect.sync(() => opened.destroy()),
  )
  const ready: Array<Uint8Array> = []
  gzip.on("data", (chunk: Uint8Array) => ready.push(chunk))
  const forward = Effect.suspend(() => Effect.forEach(ready.splice(0), stored.write, { discard: true }))
  const compressed = (call: (done: (error?: Error | null) => void) => void) =>
    Effect.callback<void, StoreError>((resume) => {
      // Its result must not be returned: an interruption would run it as an effect.
      call((error) => resume(error == null ? Effect.void : Effect.fail(failed("object")(error))))
    })
  const writer: ObjectWriter = {
    write: (bytes) =>
      Effect.andThen(
        compressed((done) => gzip.write(bytes, done)),
        forward,
      ),
    commit: compressed((done) => gzip.once("end", done).once("error", done).end()).pipe(
      Effect.andThen(forward),
      Effect.andThen(stored.commit),
    ),
  }
  return writer
})

/** Chooses by the ending of a name, not by the ending of new names. */
export interface Codec {
  /** Wraps a writer of stored bytes in a writer of CSV. */
  readonly around: (
    ending: ObjectEnding,
    stored: ObjectWriter,
  ) => Effect.Effect<ObjectWriter, never, Scope.Scope>
  /** Returns the CSV in stored bytes. Fails with `Broken` if they do not match the ending. */
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
