/**
 * The operations that only `init` and `doctor` may do on a lake. The port of `full` and `cdc` (`ObjectStore`) creates no bucket
 * and deletes nothing, so that no bug of theirs can.
 */
import { Context, type Effect, type Option } from "effect"
import type { StoredObject } from "./ObjectStore.ts"
import type { StoreError } from "./StoreError.ts"

export class StoreAdmin extends Context.Service<
  StoreAdmin,
  {
    /** Creates the bucket or folder if it is missing; returns true if it did. Safe to repeat. */
    readonly prepare: Effect.Effect<boolean, StoreError>
    /** Size and time of an object; none if it does not exist. */
    readonly stat: (key: string) => Effect.Effect<Option.Option<StoredObject>, StoreError>
    /** Deletes an object. Safe to repeat: succeeds if it does not exist. */
    readonly remove: (key: string) => Effect.Effect<void, StoreError>
  }
>()("afluente/services/StoreAdmin") {}
