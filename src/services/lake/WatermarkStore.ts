/** Reads and replaces the watermark, which is in the lake itself: `inc/_watermark.txt`. */
import { Context, type Effect, type Option } from "effect"
import type { Watermark } from "../../core/lake/Watermark.ts"
import type { Refusal } from "../Refusal.ts"
import type { StoreError } from "./StoreError.ts"

/** The stored watermark, and its version for a conditional write. */
export interface StoredWatermark {
  readonly watermark: Watermark
  readonly version: string
  /**
   * The greatest known epoch of a writer, 0 if none is known. It can be greater than that of `watermark`: a person may have
   * restored an older file, and a frozen writer may still publish its own.
   */
  readonly lastEpoch: number
}

export class WatermarkStore extends Context.Service<
  WatermarkStore,
  {
    /** Returns none if there is no watermark yet. Fails with `BrokenWatermark` if it cannot be parsed. */
    readonly read: Effect.Effect<Option.Option<Watermark>, StoreError | Refusal>
    /** Like `read`, with the version that `replace` needs. */
    readonly readVersion: Effect.Effect<Option.Option<StoredWatermark>, StoreError | Refusal>
    /**
     * Durably replaces this version, or creates the first watermark. Returns the new version. Fails with `Fenced` if somebody
     * else has replaced or deleted it. Succeeds if it was our own write, whose answer was lost.
     */
    readonly replace: (
      watermark: Watermark,
      version: Option.Option<string>,
    ) => Effect.Effect<string, StoreError>
    /** Durably replaces any version. For stores that ignore conditions. */
    readonly overwrite: (watermark: Watermark) => Effect.Effect<void, StoreError>
  }
>()("afluente/services/WatermarkStore") {}
