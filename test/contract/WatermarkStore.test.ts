/** What every store of the watermark keeps, and what a folder adds: there people and late writers can change the file. */
import * as fs from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import * as CsvFormat from "../../layers/csv/CsvFormat.ts"
import * as FolderObjectStore from "../../layers/folder/FolderObjectStore.ts"
import * as MemoryObjectStore from "../../layers/memory/MemoryObjectStore.ts"
import * as LakeWatermarkStore from "../../layers/store/LakeWatermarkStore.ts"
import { takeWatermark } from "../../src/cdc/fence/HeldWatermark.ts"
import * as Lsn from "../../src/core/Lsn.ts"
import { watermarkKey } from "../../src/core/lake/ObjectKey.ts"
import { bare, print, type Watermark } from "../../src/core/lake/Watermark.ts"
import { ObjectStore } from "../../src/services/lake/ObjectStore.ts"
import { type StoredWatermark, WatermarkStore } from "../../src/services/lake/WatermarkStore.ts"

const base = await fs.mkdtemp(join(tmpdir(), "afluente-watermark-"))
afterAll(() => fs.rm(base, { recursive: true }))

const at = (position: bigint): Watermark => bare(Lsn.Lsn.make(position))
/** As a writer of this epoch writes it. */
const by = (epoch: number, position: bigint): Watermark => ({ ...at(position), epoch: Option.some(epoch) })

const lakes: Readonly<Record<string, () => Promise<Layer.Layer<ObjectStore>>>> = {
  "in memory": async () => MemoryObjectStore.layer,
  "in a folder": async () => FolderObjectStore.layer(await fs.mkdtemp(join(base, "lake-"))),
}

/** What the store says: which watermark counts, and by which version it is replaced. */
const stored = Effect.flatMap(WatermarkStore, (store) => store.readVersion)
const counting = Effect.map(
  stored,
  Option.map(({ watermark }) => watermark),
)
const versionOf = Option.map(({ version }: StoredWatermark) => version)
const replace = (watermark: Watermark, version: Option.Option<string>) =>
  Effect.flatMap(WatermarkStore, (store) => Effect.map(store.replace(watermark, version), Option.some))
const refusal = (watermark: Watermark, version: Option.Option<string>) =>
  Effect.map(Effect.flip(replace(watermark, version)), ({ reason }) => reason)

for (const [where, open] of Object.entries(lakes)) {
  const inLake = <A, E>(program: Effect.Effect<A, E, WatermarkStore | ObjectStore>) =>
    Effect.flatMap(Effect.promise(open), (lake) =>
      Effect.provide(program, Layer.provideMerge(LakeWatermarkStore.layer, lake)),
    )

  describe(`the watermark ${where}`, () => {
    it.live("is none in a new lake, and its first writer's after that", () =>
      inLake(
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* stored, Option.none())
          const version = yield* replace(by(1, 10n), Option.none())
          assert.deepStrictEqual(yield* counting, Option.some(by(1, 10n)))
          assert.deepStrictEqual(versionOf(yield* stored), version)
        }),
      ),
    )

    it.live("is replaced by who holds its version, time after time", () =>
      inLake(
        Effect.gen(function* () {
          let version = yield* replace(by(1, 10n), Option.none())
          for (const position of [20n, 30n, 40n, 50n]) version = yield* replace(by(1, position), version)
          assert.deepStrictEqual(yield* counting, Option.some(by(1, 50n)))
          assert.deepStrictEqual(versionOf(yield* stored), version)
        }),
      ),
    )

    it.live("fences out a second first writer", () =>
      inLake(
        Effect.gen(function* () {
          yield* replace(by(1, 10n), Option.none())
          assert.strictEqual(yield* refusal(by(1, 11n), Option.none()), "Fenced")
          assert.deepStrictEqual(yield* counting, Option.some(by(1, 10n)))
        }),
      ),
    )

    it.live("fences out the writer of before, however often the next one has written since", () =>
      inLake(
        Effect.gen(function* () {
          const old = yield* replace(by(1, 10n), Option.none())
          let version = yield* replace(by(2, 10n), old)
          for (const position of [20n, 30n, 40n, 50n]) {
            assert.strictEqual(yield* refusal(by(1, 99n), old), "Fenced")
            version = yield* replace(by(2, position), version)
          }
          assert.deepStrictEqual(yield* counting, Option.some(by(2, 50n)))
        }),
      ),
    )

    it.live("fences out who would replace a watermark that was never there", () =>
      inLake(
        Effect.gen(function* () {
          assert.strictEqual(yield* refusal(by(1, 10n), Option.some("7")), "Fenced")
          assert.deepStrictEqual(yield* counting, Option.none())
        }),
      ),
    )

    it.live("takes a writer's own bytes, whose answer was lost, for written", () =>
      inLake(
        Effect.gen(function* () {
          const first = yield* replace(by(1, 10n), Option.none())
          // Asked again with the version of before, as a client does that never heard of the first try.
          assert.deepStrictEqual(yield* replace(by(1, 10n), Option.none()), first)
          const second = yield* replace(by(1, 20n), first)
          assert.deepStrictEqual(yield* replace(by(1, 20n), first), second)
          yield* replace(by(1, 30n), second)
        }),
      ),
    )

    it.live("takes another writer's bytes at the same position for another's", () =>
      inLake(
        Effect.gen(function* () {
          const first = yield* replace(by(1, 10n), Option.none())
          const [ours, other] = [
            "6f1c9a52-3c5e-4a58-9d0c-2a7b7f0f7a11",
            "00000000-3c5e-4a58-9d0c-2a7b7f0f7a11",
          ]
          yield* replace({ ...by(2, 10n), writer: Option.some(other ?? "") }, first)
          assert.strictEqual(
            yield* refusal({ ...by(2, 10n), writer: Option.some(ours ?? "") }, first),
            "Fenced",
          )
        }),
      ),
    )

    it.live(
      "is overwritten whatever its version where there are no conditions, and replaced again after",
      () =>
        inLake(
          Effect.gen(function* () {
            const store = yield* WatermarkStore
            yield* store.overwrite(by(1, 10n))
            yield* store.overwrite(by(2, 20n))
            assert.deepStrictEqual(yield* counting, Option.some(by(2, 20n)))
            yield* replace(by(3, 20n), versionOf(yield* stored))
            assert.deepStrictEqual(yield* counting, Option.some(by(3, 20n)))
          }),
        ),
    )

    it.live("is one without an epoch where an older version of the program wrote it, and is replaced", () =>
      inLake(
        Effect.gen(function* () {
          yield* (yield* ObjectStore).put(watermarkKey, Buffer.from(print(at(10n))))
          assert.deepStrictEqual(yield* counting, Option.some(at(10n)))
          yield* replace(by(1, 10n), versionOf(yield* stored))
          assert.deepStrictEqual(yield* counting, Option.some(by(1, 10n)))
        }),
      ),
    )

    it.live("is refused where it cannot be read, and not taken for none", () =>
      inLake(
        Effect.gen(function* () {
          yield* (yield* ObjectStore).put(watermarkKey, Buffer.from("no position"))
          const error = yield* Effect.flip(stored)
          assert.deepStrictEqual([error._tag, error.reason], ["Refusal", "BrokenWatermark"])
        }),
      ),
    )
  })
}

describe("the watermark of a folder, of which people see a copy", () => {
  const openFolder = Effect.gen(function* () {
    const folder = yield* Effect.promise(() => fs.mkdtemp(join(base, "lake-")))
    const visible = join(folder, watermarkKey)
    const write = (watermark: Watermark) => Effect.promise(() => fs.writeFile(visible, print(watermark)))
    return {
      visible,
      /** Into the file that is there. */
      write,
      /** Puts a file of its own in the place of the copy, as an editor and a late writer do. */
      put: (watermark: Watermark) =>
        Effect.andThen(
          Effect.promise(() => fs.rm(visible, { force: true })),
          write(watermark),
        ),
      shown: Effect.promise(() => fs.readFile(visible, "utf8")),
      files: Effect.promise(async () => (await fs.readdir(join(folder, "inc"))).sort()),
      lake: Layer.provideMerge(LakeWatermarkStore.layer, FolderObjectStore.layer(folder)),
    }
  })

  /** A lake that epoch 2 took over from epoch 1, written up to 30. */
  const followed = Effect.gen(function* () {
    const folder = yield* openFolder
    const written = Effect.gen(function* () {
      const first = yield* replace(by(1, 10n), Option.none())
      return yield* replace(by(2, 30n), yield* replace(by(2, 10n), first))
    })
    return { ...folder, version: yield* Effect.provide(written, folder.lake) }
  })

  it.live("counts where a person put one without an epoch there, and the next write replaces it", () =>
    Effect.gen(function* () {
      const { put, lake, shown } = yield* followed
      yield* put(at(20n))
      assert.deepStrictEqual(yield* Effect.provide(counting, lake), Option.some(at(20n)))
      yield* Effect.provide(
        Effect.flatMap(stored, (found) => replace(by(1, 20n), versionOf(found))),
        lake,
      )
      assert.deepStrictEqual(yield* Effect.provide(counting, lake), Option.some(by(1, 20n)))
      assert.strictEqual(yield* shown, print(by(1, 20n)))
    }),
  )

  it.live("counts where a person wrote into the visible file, which is a hidden one too", () =>
    Effect.gen(function* () {
      const { write, lake, shown } = yield* followed
      yield* write(at(20n))
      const found = yield* Effect.provide(stored, lake)
      assert.deepStrictEqual(
        Option.map(found, ({ watermark }) => watermark),
        Option.some(at(20n)),
      )
      yield* Effect.provide(replace(by(1, 20n), versionOf(found)), lake)
      assert.strictEqual(yield* shown, print(by(1, 20n)))
    }),
  )

  it.live("counts where a person put a good copy in the place of one that is cut short", () =>
    Effect.gen(function* () {
      const { visible, put, lake, version } = yield* followed
      yield* Effect.promise(() => fs.truncate(visible, print(by(2, 30n)).length - 3))
      assert.strictEqual((yield* Effect.flip(Effect.provide(stored, lake))).reason, "BrokenWatermark")
      yield* put(by(2, 10n))
      assert.deepStrictEqual(
        yield* Effect.provide(stored, lake),
        Option.some({ watermark: by(2, 10n), version: Option.getOrThrow(version), lastEpoch: 3 }),
      )
    }),
  )

  for (const [what, late] of [
    ["of an older epoch, however far it reaches", by(1, 99n)],
    ["of the same epoch that reaches less far", by(2, 10n)],
  ] as const) {
    it.live(`does not count where it is a late copy ${what}`, () =>
      Effect.gen(function* () {
        const { put, lake } = yield* followed
        yield* put(late)
        assert.deepStrictEqual(yield* Effect.provide(counting, lake), Option.some(by(2, 30n)))
      }),
    )
  }

  for (const [what, newer] of [
    ["of a newer epoch", by(3, 20n)],
    ["of the same epoch that reaches farther", by(2, 40n)],
  ] as const) {
    it.live(`counts where it is a newer one ${what}`, () =>
      Effect.gen(function* () {
        const { put, lake, version } = yield* followed
        yield* put(newer)
        const found = yield* Effect.provide(stored, lake)
        // It is replaced by the version of the hidden file, for which all writers compete.
        assert.deepStrictEqual(
          Option.map(found, (one) => [one.watermark, one.version] as const),
          Option.some([newer, Option.getOrThrow(version)] as const),
        )
      }),
    )
  }

  it.live(
    "stays the one of who takes over after a person, when a frozen writer shows its version at last",
    () =>
      Effect.gen(function* () {
        const { put, lake, shown } = yield* followed
        const late = by(2, 30n)
        yield* put(at(20n))
        const taken = Effect.gen(function* () {
          const found = yield* stored
          const { watermark } = Option.getOrThrow(found)
          yield* takeWatermark(watermark, found, "conditions", watermark.position)
        })
        yield* Effect.provide(taken, [lake, CsvFormat.layer("none")])
        const ours = yield* shown
        yield* put(late)
        const counts = Option.getOrThrow(yield* Effect.provide(counting, lake))
        assert.strictEqual(print(counts), ours)
        assert.deepStrictEqual([counts.position, counts.epoch], [at(20n).position, Option.some(3)])
      }),
  )

  // A writer that was frozen between two steps still shows its version, whenever it wakes up.
  for (const [what, change, epoch] of [
    ["put by a person without an epoch", ({ put }) => put(at(20n)), 2],
    ["put by a person with an older epoch", ({ put }) => put(by(1, 20n)), 2],
    ["put from a newer lake", ({ put }) => put(by(9, 20n)), 9],
    ["written by a person over the newest version", ({ write }) => write(at(20n)), 3],
    ["an old copy, written over the newest version", ({ write }) => write(by(1, 20n)), 3],
    ["removed", ({ visible }) => Effect.promise(() => fs.rm(visible)), 2],
    ["a writer's own", () => Effect.void, 2],
  ] as const satisfies ReadonlyArray<
    readonly [string, (lake: Effect.Success<typeof followed>) => Effect.Effect<void>, number]
  >) {
    it.live(`says up to which epoch a writer may still hold a version, where the file was ${what}`, () =>
      Effect.gen(function* () {
        const opened = yield* followed
        yield* change(opened)
        const found = Option.getOrThrow(yield* Effect.provide(stored, opened.lake))
        assert.strictEqual(found.lastEpoch, epoch)
      }),
    )
  }

  it.live("shows the newest version and keeps it and the one before, hidden", () =>
    Effect.gen(function* () {
      const { lake, files, shown, version } = yield* followed
      yield* Effect.provide(
        Effect.flatMap(replace(by(2, 40n), version), (next) => replace(by(2, 50n), next)),
        lake,
      )
      assert.deepStrictEqual(yield* files, ["._watermark.txt.4", "._watermark.txt.5", "_watermark.txt"])
      assert.strictEqual(yield* shown, print(by(2, 50n)))
    }),
  )

  it.live("is known where the visible file was removed, and is there again after the next write", () =>
    Effect.gen(function* () {
      const { lake, visible, shown, version } = yield* followed
      yield* Effect.promise(() => fs.rm(visible))
      assert.deepStrictEqual(yield* Effect.provide(counting, lake), Option.some(by(2, 30n)))
      yield* Effect.provide(replace(by(2, 40n), version), lake)
      assert.strictEqual(yield* shown, print(by(2, 40n)))
    }),
  )

  it.live("is replaced under its condition where a copy of the lake has the visible file alone", () =>
    Effect.gen(function* () {
      const { lake, put, visible } = yield* openFolder
      yield* Effect.promise(() => fs.mkdir(join(visible, ".."), { recursive: true }))
      yield* put(by(5, 30n))
      const version = versionOf(yield* Effect.provide(stored, lake))
      yield* Effect.provide(replace(by(6, 30n), version), lake)
      assert.strictEqual(yield* Effect.provide(refusal(by(6, 31n), version), lake), "Fenced")
      assert.deepStrictEqual(yield* Effect.provide(counting, lake), Option.some(by(6, 30n)))
    }),
  )
})
