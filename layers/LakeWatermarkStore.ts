/** The watermark as an object of the lake it speaks of: whoever has the lake has the state. */
import { Effect, Layer, Option, Result, Stream } from "effect"
import { watermarkKey } from "../src/core/ObjectKey.ts"
import * as Watermark from "../src/core/Watermark.ts"
import { parse } from "../src/core/WatermarkText.ts"
import { ObjectStore } from "../src/services/ObjectStore.ts"
import { Refusal } from "../src/services/Refusal.ts"
import { WatermarkStore } from "../src/services/WatermarkStore.ts"

const broken = (why: string) =>
  new Refusal({
    reason: "BrokenWatermark",
    found: `The watermark ${watermarkKey} cannot be read: ${why}`,
    stake: "Without it nobody knows which changes the lake holds, and a guess would lose or repeat rows",
    mend:
      "Put its last good version back; or write the slot's confirmed_flush_lsn (SELECT slot_name, confirmed_flush_lsn FROM pg_replication_slots) " +
      "as its only line: objects written after that are found by their last rows",
  })

export const layer: Layer.Layer<WatermarkStore, never, ObjectStore> = Layer.effect(
  WatermarkStore,
  Effect.gen(function* () {
    const store = yield* ObjectStore
    const read = store.read(watermarkKey).pipe(
      Stream.runFold(
        () => Buffer.alloc(0),
        (all, chunk) => Buffer.concat([all, chunk]),
      ),
      Effect.map((bytes) => Option.some(bytes.toString("utf8"))),
      Effect.catchIf(
        (error) => error.reason === "NotFound",
        () => Effect.succeed(Option.none<string>()),
      ),
    )
    return WatermarkStore.of({
      read: Effect.flatMap(read, (text) =>
        Option.match(text, {
          onNone: () => Effect.succeed(Option.none()),
          onSome: (found) =>
            Effect.fromResult(Result.mapBoth(parse(found), { onFailure: broken, onSuccess: Option.some })),
        }),
      ),
      write: (watermark) => store.put(watermarkKey, Buffer.from(Watermark.print(watermark))),
    })
  }),
)
