/** Where the pipeline stands, kept in the lake itself: `inc/_watermark.txt`. */
import { Context, type Effect, type Option } from "effect"
import type { Watermark } from "../core/Watermark.ts"
import type { Refusal } from "./Refusal.ts"
import type { StoreError } from "./StoreError.ts"

export class WatermarkStore extends Context.Service<
  WatermarkStore,
  {
    /** None where there is no watermark yet; refused where there is one that cannot be read. */
    readonly read: Effect.Effect<Option.Option<Watermark>, StoreError | Refusal>
    /** Replaces it, durably. Safe to repeat. */
    readonly write: (watermark: Watermark) => Effect.Effect<void, StoreError>
  }
>()("afluente/services/WatermarkStore") {}
