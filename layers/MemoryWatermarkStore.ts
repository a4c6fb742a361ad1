/** The watermark in memory, apart from any lake. */
import { Effect, Layer, Option } from "effect"
import type { Watermark } from "../src/core/Watermark.ts"
import { WatermarkStore } from "../src/services/WatermarkStore.ts"

export const layer: Layer.Layer<WatermarkStore> = Layer.sync(WatermarkStore, () => {
  let kept: Option.Option<Watermark> = Option.none()
  return WatermarkStore.of({
    read: Effect.sync(() => kept),
    write: (watermark) =>
      Effect.sync(() => {
        kept = Option.some(watermark)
      }),
  })
})
