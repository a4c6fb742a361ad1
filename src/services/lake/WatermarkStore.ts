/** Up to where the lake is whole, and who writes it: kept in the lake itself, as `inc/_watermark.txt`. */
import { Context, type Effect, type Option } from "effect"
import type { Watermark } from "../../core/lake/Watermark.ts"
import type { Refusal } from "../Refusal.ts"
import type { StoreError } from "./StoreError.ts"

/** The watermark as it stands, and the version by which a conditional write names it. */
export interface StoredWatermark {
  readonly watermark: Watermark
  readonly version: string
  /**
   * No writer has a greater epoch, 0 where none is known. Greater than that of `watermark` where a person put one there: a
   * frozen writer may still make its version visible.
   */
  readonly lastEpoch: number
}

export class WatermarkStore extends Context.Service<
  WatermarkStore,
  {
    /** None where there is no watermark yet; refused where there is one that cannot be read. */
    readonly read: Effect.Effect<Option.Option<Watermark>, StoreError | Refusal>
    /** The same, for who is going to replace it. */
    readonly readVersion: Effect.Effect<Option.Option<StoredWatermark>, StoreError | Refusal>
    /**
     * Replaces this version, durably, or creates the first watermark. Returns the new version. Fails with `Fenced` where it
     * has been replaced or removed by somebody else; our own write whose answer was lost counts as done.
     */
    readonly replace: (
      watermark: Watermark,
      version: Option.Option<string>,
    ) => Effect.Effect<string, StoreError>
    /** Replaces whatever is there, durably. For stores that honour no conditions. */
    readonly overwrite: (watermark: Watermark) => Effect.Effect<void, StoreError>
  }
>()("afluente/services/WatermarkStore") {}
