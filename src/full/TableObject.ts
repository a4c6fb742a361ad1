/** The object that a table is copied into: a sink of the COPY's bytes. */
import { createHash } from "node:crypto"
import { Effect, Sink } from "effect"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import { RowFormat } from "../services/lake/RowFormat.ts"

/**
 * Begins the object, which lives in the surrounding scope, and returns the sink that writes into it. The sink gives the
 * object whole and not yet visible; `commit` makes it visible. Both fail with a `StoreError`.
 */
export const tableObject = Effect.fnUntraced(function* (key: string) {
  const store = yield* ObjectStore
  const { copies } = yield* RowFormat
  const stored = yield* store.create(key)
  const md5 = createHash("md5")
  // Of what is stored: whoever has the object can hold it to the manifest.
  const writer = yield* copies.open({
    ...stored,
    write: (bytes) =>
      Effect.andThen(
        Effect.sync(() => md5.update(bytes)),
        stored.write(bytes),
      ),
  })
  return Sink.as(Sink.forEach(writer.write), {
    commit: Effect.map(writer.commit, ({ bytes }) => ({ bytes, md5: md5.digest("hex") })),
  })
})
