/** The rules that keep writers apart. Each can be taken out, to see that histories go wrong without it. */
import { Effect, Option } from "effect"
import { vi } from "vitest"
import * as Fence from "../../../../../src/cdc/fence/Fence.ts"
import type { Watermark } from "../../../../../src/core/lake/Watermark.ts"
import type { ObjectStore } from "../../../../../src/services/lake/ObjectStore.ts"
import { WatermarkStore } from "../../../../../src/services/lake/WatermarkStore.ts"
import { ReplicationSlot } from "../../../../../src/services/source/ReplicationSlot.ts"

/** On a store that honours conditions. */
export const fenceRules = [
  "an object is created only where there is none",
  "a watermark is replaced only where it is the one that was read",
  "a take-over replaces the watermark before anything else",
  "an announced name outlives its writer",
] as const

/** On such a store, where reading a batch may take longer than an announced name is used for new batches. */
export const slowReadRules = ["a batch keeps its first announcement, however long it is read"] as const

/** On a store that ignores conditions, or honours them on PutObject alone. */
export const waitingRules = [
  "late requests of a writer that did not end in order are waited out",
  "a writer says that its requests may be under way before it sends one",
  "names are announced only where the store honours conditions",
] as const

/** Beside processes of an older version. */
export const olderVersionRules = [
  "an older version is seen by its lock",
  "an older version is looked for again before the first write",
  "late requests of an older version are waited out",
] as const

export type Rule =
  | (typeof fenceRules)[number]
  | (typeof slowReadRules)[number]
  | (typeof waitingRules)[number]
  | (typeof olderVersionRules)[number]

/** The conditions of a store that ignores some of them. */
export const storeWithout = (
  store: ObjectStore["Service"],
  without: Rule | undefined,
): ObjectStore["Service"] => {
  switch (without) {
    case "a watermark is replaced only where it is the one that was read":
      return {
        ...store,
        replace: (key, body) =>
          Effect.gen(function* () {
            yield* store.put(key, body)
            return Option.match(yield* store.readVersion(key), {
              onNone: () => "",
              onSome: ({ version }) => version,
            })
          }),
      }
    case "an object is created only where there is none":
      return { ...store, create: (key) => Effect.succeed(overwriting(store, key)) }
    case "names are announced only where the store honours conditions":
      return { ...store, honoursConditions: () => Effect.succeed(true) }
    default:
      return store
  }
}

/** An object that replaces what stands under its key. */
export const overwriting = (store: ObjectStore["Service"], key: string) => {
  const pieces: Array<Uint8Array> = []
  return {
    write: (piece: Uint8Array) => Effect.sync(() => void pieces.push(new Uint8Array(piece))),
    commit: Effect.suspend(() => {
      const body = Buffer.concat(pieces)
      return Effect.as(store.put(key, body), { bytes: body.length })
    }),
  }
}

/** What a writer reads, where a rule is out. */
const readWithout = (watermark: Watermark, without: Rule | undefined): Watermark => {
  switch (without) {
    case "an announced name outlives its writer":
      return { ...watermark, next: Option.none() }
    case "late requests of a writer that did not end in order are waited out":
      return { ...watermark, clean: Option.map(watermark.clean, () => true) }
    case "late requests of an older version are waited out":
      return { ...watermark, epoch: Option.orElse(watermark.epoch, () => Option.some(0)) }
    default:
      return watermark
  }
}

/** Takes rules of the watermark out. */
export const watermarkWithout = (without: Rule | undefined) =>
  Effect.map(WatermarkStore, (store) => {
    const skipsTakeOver = without === "a take-over replaces the watermark before anything else"
    const isAlwaysClean = without === "a writer says that its requests may be under way before it sends one"
    let read = 0
    return WatermarkStore.of({
      ...store,
      readVersion: Effect.map(store.readVersion, (found) => {
        const epoch = Option.flatMap(found, ({ watermark }) => watermark.epoch)
        read = Option.getOrElse(epoch, () => 0)
        return Option.map(found, (stored) => ({
          ...stored,
          watermark: readWithout(stored.watermark, without),
        }))
      }),
      replace: (watermark, version) => {
        const isTakeOver = Option.isSome(version) && Option.exists(watermark.epoch, (epoch) => epoch > read)
        if (isTakeOver) read++
        return skipsTakeOver && isTakeOver ? Effect.succeed(version.value) : store.replace(watermark, version)
      },
      overwrite: (watermark) =>
        store.overwrite(isAlwaysClean ? { ...watermark, clean: Option.some(true) } : watermark),
    })
  })

/** Takes the second look for older versions out. */
export const slotWithout = (without: Rule | undefined) =>
  Effect.map(ReplicationSlot, (slot) =>
    without === "an older version is looked for again before the first write"
      ? ReplicationSlot.of({ ...slot, unfencedProcesses: Effect.succeed([]) })
      : slot,
  )

/** Takes out a rule that is a decision of the writer alone, which no service sees, until the scope ends. */
export const takeDecisionOut = (without: Rule | undefined) => {
  if (without !== "a batch keeps its first announcement, however long it is read") return Effect.void
  const { announcementInBatch } = Fence
  const replaced = Effect.sync(() =>
    vi
      .spyOn(Fence, "announcementInBatch")
      .mockImplementation((next, _, read, now) => announcementInBatch(next, false, read, now)),
  )
  return Effect.acquireRelease(replaced, (spy) => Effect.sync(() => spy.mockRestore()))
}
