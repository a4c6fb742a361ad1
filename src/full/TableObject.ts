/** Creates an object of a copied table. */
import { createHash } from "node:crypto"
import { Effect, type Scope } from "effect"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import { RowFormat } from "../services/lake/RowFormat.ts"
import type { StoreError } from "../services/lake/StoreError.ts"

export interface TableObject {
  /** Appends CSV. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, StoreError>
  /** Makes the object visible. Returns its stored bytes, and their digest in hexadecimal. */
  readonly commit: Effect.Effect<{ readonly bytes: number; readonly md5: string }, StoreError>
}

/** Begins the object in the surrounding scope, which removes it if it closes before `commit`. */
export const tableObject = (
  key: string,
): Effect.Effect<TableObject, StoreError, ObjectStore | RowFormat | Scope.Scope> =>
  Effect.gen(function* () {
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
    return {
      write: writer.write,
      commit: Effect.map(writer.commit, ({ bytes }) => ({ bytes, md5: md5.digest("hex") })),
    }
  })
