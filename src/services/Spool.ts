/**
 * Room for what does not fit in memory: the lines of one large transaction wait here for their COMMIT,
 * which alone tells the position and time that every one of their rows carries.
 */
import { Context, type Effect, type Scope, type Stream } from "effect"
import type { StoreError } from "./lake/StoreError.ts"

export interface SpoolFile {
  readonly append: (bytes: Uint8Array) => Effect.Effect<void, StoreError>
  /** Forgets what was appended: the room serves the next large transaction. */
  readonly clear: Effect.Effect<void, StoreError>
  /** Everything appended since the last `clear`, from the beginning. A piece holds until the next one is asked for. May be run while it is being run. */
  readonly replay: Stream.Stream<Uint8Array, StoreError>
  /**
   * Fills `room` with what was appended from `offset` on, as far as there is so much, and returns how many bytes it read: at
   * least one. Fails with `Broken` where nothing stands there.
   */
  readonly read: (room: Uint8Array, offset: number) => Effect.Effect<number, StoreError>
}

export class Spool extends Context.Service<
  Spool,
  {
    /** Gone when the scope closes, and after a crash with the system's temporary files. */
    readonly open: Effect.Effect<SpoolFile, StoreError, Scope.Scope>
  }
>()("afluente/services/Spool") {}
