/**
 * What only `init` and `doctor` do to a lake. `full` and `cdc` cannot: their port (`ObjectStore`) makes no bucket and removes
 * nothing, so that no mistake of theirs can.
 */
import { Context, type Effect, type Option } from "effect"
import type { StoredObject } from "./ObjectStore.ts"
import type { StoreError } from "./StoreError.ts"

export class StoreAdmin extends Context.Service<
  StoreAdmin,
  {
    /** Creates the bucket or folder where it is missing; true when it did. Safe to repeat. */
    readonly prepare: Effect.Effect<boolean, StoreError>
    /** Size and time of an object; none where there is no object of this key. */
    readonly stat: (key: string) => Effect.Effect<Option.Option<StoredObject>, StoreError>
    /** Safe to repeat: an object that is not there is removed already. */
    readonly remove: (key: string) => Effect.Effect<void, StoreError>
  }
>()("afluente/services/StoreAdmin") {}
