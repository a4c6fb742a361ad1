/**
 * Spill files for data that does not fit in memory: the lines of a large transaction until their COMMIT, which has the LSN and
 * the time that every row needs, and the parts of many objects until they are large enough for the store.
 */
import { Context, type Effect, type Scope, type Stream } from "effect"
import type { StoreError } from "./lake/StoreError.ts"

export interface SpoolFile {
  readonly append: (bytes: Uint8Array) => Effect.Effect<void, StoreError>
  /** Removes what was appended, so that the file serves the next transaction or part. */
  readonly clear: Effect.Effect<void, StoreError>
  /**
   * Everything appended since the last `clear`, from the beginning. A chunk is valid until the next one is pulled. May run
   * several times at once.
   */
  readonly replay: Stream.Stream<Uint8Array, StoreError>
  /**
   * Reads the bytes from `offset` on into `buffer`, up to its size or the end. Returns how many it read: at least one. Fails
   * with `Broken` if there are none.
   */
  readonly read: (buffer: Uint8Array, offset: number) => Effect.Effect<number, StoreError>
}

export class Spool extends Context.Service<
  Spool,
  {
    /** Deleted when the scope closes; after a crash, with the system's temporary files. */
    readonly open: Effect.Effect<SpoolFile, StoreError, Scope.Scope>
  }
>()("afluente/services/Spool") {}
