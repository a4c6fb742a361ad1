/** Creates the object of a copied table: a sink of the COPY's bytes. */
import { createHash } from "node:crypto"
import { Effect, Sink } from "effect"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import { RowFormat } from "../services/lake/RowFormat.ts"

/**
 * Begins the object in the surrounding scope, and returns the sink that writes it. The sink returns the object whole and not
 * yet visible; `commit` makes it visible. Both fail with a `StoreError`.
 */
export const tableObject = Effect.fnUntraced(function* (key: string) {
  const store = yield* ObjectStore
  const { copies } = yield* RowFormat
  const stored = yield* store.create(key)
  const md5 = createHash("md5")
  // The digest of the stored bytes, so that the object can be compared with the manifest.
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
