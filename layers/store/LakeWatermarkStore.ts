/** The watermark as an object of its own lake: the lake is the only state. */
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
    risk: "Without it it is unknown which changes the lake holds, and a guess would lose or repeat rows",
    remedy:
      "Restore its last good version; or write the slot's confirmed_flush_lsn (SELECT slot_name, confirmed_flush_lsn FROM pg_replication_slots) " +
      "as its only line: objects written after that are found by their last rows",
  })

const read = (bytes: Uint8Array) => Result.mapError(parse(Buffer.from(bytes).toString("utf8")), broken)

/** Compares by epoch, then by position. */
const isNewer = (a: Watermark.Watermark, b: Watermark.Watermark): boolean => {
  const [left, right] = [a, b].map(({ epoch }) => Option.getOrElse(epoch, () => 0))
  return left === right ? a.position > b.position : (left ?? 0) > (right ?? 0)
}

/**
 * Returns the valid watermark: the last version that was written under a condition, or the object under the key. The latter
 * differs if it is a late writer's, or came from a person or an older version of the program, which write no `epoch`.
 */
const current = ({ body, visible }: Versioned): Result.Result<Watermark.Watermark, Refusal> =>
  Result.flatMap(read(visible ?? body), (published) => {
    if (visible === undefined || Option.isNone(published.epoch)) return Result.succeed(published)
    // If the last version cannot be parsed, a person has restored a good one, as a new file of that name.
    return Result.match(read(body), {
      onFailure: () => Result.succeed(published),
      onSuccess: (written) => Result.succeed(isNewer(published, written) ? published : written),
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
 * Returns the greatest epoch of a writer that may still publish its version. Each version raises it by at most one. If the
 * newest has a lower one than the version before, a person edited it, and its writer's epoch is unknown.
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
        onSome: (versioned) =>
          Effect.map(Effect.fromResult(current(versioned)), (watermark) =>
            Option.some({ watermark, version: versioned.version, lastEpoch: lastEpoch(versioned) }),
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
              Effect.flatMap(stored, (now) =>
                Option.isSome(now) && isOurs(now.value)
                  ? Effect.succeed(now.value.version)
                  : Effect.fail(fenced),
              ),
          ),
        )
      },
      overwrite: (watermark) => store.put(watermarkKey, bytesOf(watermark)),
    })
  }),
)
