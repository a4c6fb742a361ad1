/** The watermark as an object of the lake it speaks of: whoever has the lake has the state. */
import { Effect, Layer, Option, Result } from "effect"
import { watermarkKey } from "../../src/core/lake/ObjectKey.ts"
import * as Watermark from "../../src/core/lake/Watermark.ts"
import { parse } from "../../src/core/lake/WatermarkText.ts"
import { ObjectStore, type Versioned } from "../../src/services/lake/ObjectStore.ts"
import { StoreError } from "../../src/services/lake/StoreError.ts"
import { WatermarkStore } from "../../src/services/lake/WatermarkStore.ts"
import { Refusal } from "../../src/services/Refusal.ts"

const broken = (why: string) =>
  new Refusal({
    reason: "BrokenWatermark",
    problem: `The watermark ${watermarkKey} cannot be read: ${why}`,
    risk: "Without it nobody knows which changes the lake holds, and a guess would lose or repeat rows",
    remedy:
      "Put its last good version back; or write the slot's confirmed_flush_lsn (SELECT slot_name, confirmed_flush_lsn FROM pg_replication_slots) " +
      "as its only line: objects written after that are found by their last rows",
  })

const read = (bytes: Uint8Array) => Result.mapError(parse(Buffer.from(bytes).toString("utf8")), broken)

/** Writers rise in epoch, and within an epoch in position. */
const isNewer = (a: Watermark.Watermark, b: Watermark.Watermark): boolean => {
  const [left, right] = [a, b].map(({ epoch }) => Option.getOrElse(epoch, () => 0))
  return left === right ? a.position > b.position : (left ?? 0) > (right ?? 0)
}

/**
 * Of the last version that was written under a condition and what stands under the key, the one that counts. The latter is
 * a late writer's, or it was put there by a person or by an older version of the program: those have no `epoch`.
 */
const current = ({ body, visible }: Versioned): Result.Result<Watermark.Watermark, Refusal> =>
  Result.flatMap(read(visible ?? body), (seen) => {
    if (visible === undefined || Option.isNone(seen.epoch)) return Result.succeed(seen)
    // Where the last version cannot be read, a person has put a good one back, by a new file of that name.
    return Result.match(read(body), {
      onFailure: () => Result.succeed(seen),
      onSuccess: (written) => Result.succeed(isNewer(seen, written) ? seen : written),
    })
  })

const epochIn = (bytes: Uint8Array | undefined): number =>
  bytes === undefined
    ? 0
    : Result.match(read(bytes), {
        onFailure: () => 0,
        onSuccess: ({ epoch }) => Option.getOrElse(epoch, () => 0),
      })

/**
 * The greatest epoch of a writer that may still make its version visible. A version raises it by one at most; where the
 * newest has a lower one than the version before, a person wrote into it, and its writer's epoch is gone.
 */
const lastEpoch = ({ body, visible, before }: Versioned): number => {
  const [written, earlier] = [epochIn(body), epochIn(before)]
  return Math.max(written < earlier ? earlier + 1 : written, epochIn(visible))
}

const fenced = new StoreError({
  reason: "Fenced",
  subject: watermarkKey,
  detail: "another writer has replaced it",
})

export const layer: Layer.Layer<WatermarkStore, never, ObjectStore> = Layer.effect(
  WatermarkStore,
  Effect.gen(function* () {
    const store = yield* ObjectStore
    const stored = store.readVersion(watermarkKey)
    const bytesOf = (watermark: Watermark.Watermark) => Buffer.from(Watermark.print(watermark))
    const readVersion: WatermarkStore["Service"]["readVersion"] = Effect.flatMap(
      stored,
      Option.match({
        onNone: () => Effect.succeedNone,
        onSome: (found) =>
          Effect.map(Effect.fromResult(current(found)), (watermark) =>
            Option.some({ watermark, version: found.version, lastEpoch: lastEpoch(found) }),
          ),
      }),
    )
    return WatermarkStore.of({
      read: Effect.map(
        readVersion,
        Option.map(({ watermark }) => watermark),
      ),
      readVersion,
      replace: (watermark, version) => {
        const bytes = bytesOf(watermark)
        const isOurs = ({ body }: Versioned) => bytes.equals(body)
        return store.replace(watermarkKey, bytes, version).pipe(
          Effect.catchIf(
            ({ reason }) => reason === "Exists",
            () =>
              Effect.flatMap(stored, (found) =>
                Option.isSome(found) && isOurs(found.value)
                  ? Effect.succeed(found.value.version)
                  : Effect.fail(fenced),
              ),
          ),
        )
      },
      overwrite: (watermark) => store.put(watermarkKey, bytesOf(watermark)),
    })
  }),
)
