/** How `doctor` goes about it, with a source that answers as it is told and a lake in memory. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Option, Stream } from "effect"
import { examine } from "../../../../src/doctor/Doctor.ts"
import { count, type Section } from "../../../../src/doctor/Finding.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { StoreError } from "../../../../src/services/lake/StoreError.ts"
import { SourceError } from "../../../../src/services/source/SourceError.ts"
import { SourceInspection } from "../../../../src/services/source/SourceInspection.ts"
import { inspection, look, server, source } from "../../../support/memory/fakeInspection.ts"
import { ended, lakeKeys, world } from "../../../support/memory/memoryWorld.ts"

const silentSource = new SourceError({ reason: "Unreachable", subject: "server", detail: "no answer" })
const silentLake = new StoreError({ reason: "Unreachable", subject: "lake", detail: "no answer" })

/** Lets the two seconds of the measurement pass. */
const examined = (connect: SourceInspection["Service"]["connect"]) =>
  Effect.flatten(ended(Effect.provideService(examine, SourceInspection, source(connect))))

const failures = (sections: ReadonlyArray<Section>) =>
  sections.flatMap(({ findings }) =>
    findings.filter(({ mark }) => mark === "failed").map(({ check }) => check),
  )

describe("doctor", () => {
  it.effect("has nothing to say against a source and a lake in good order, and leaves nothing behind", () =>
    Effect.gen(function* () {
      const sections = yield* examined(Effect.succeed(inspection()))
      assert.deepStrictEqual(
        [count(sections, "failed"), count(sections, "warning"), count(sections, "unchecked")],
        [0, 0, 0],
      )
      assert.deepStrictEqual(yield* lakeKeys, [])
    }).pipe(Effect.provide(world())),
  )

  for (const [place, stands, refused] of [
    ["the folder of today", "inc/date=20251103/note.txt", "inc/date=20251103/"],
    ["the folder of today in layout datasets", "inc/clientes/date=20251103/note.txt", "inc/clientes/"],
    ["the dataset's folder", "inc/clientes/date=20251102/note.txt", "inc/clientes/"],
    ["inc", "inc/date=20251102/note.txt", "inc/"],
    ["full", "full/date=20251102/note.txt", "full/"],
  ] as const) {
    it.effect(`finds that another user's files stand in ${place}, where ours cannot`, () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        yield* store.put(stands, new Uint8Array())
        const denied = (key: string) =>
          key.startsWith(refused)
            ? Effect.fail(new StoreError({ reason: "NotWritable", subject: key, detail: "EACCES" }))
            : Effect.void
        const sections = yield* Effect.provideService(
          examined(Effect.succeed(inspection())),
          ObjectStore,
          ObjectStore.of({
            ...store,
            put: (key, body) => Effect.andThen(denied(key), store.put(key, body)),
            create: (key) => Effect.andThen(denied(key), store.create(key)),
          }),
        )
        assert.deepStrictEqual(failures(sections), [place === "full" ? "large object" : "write"])
        assert.deepStrictEqual(yield* lakeKeys, [stands])
      }).pipe(Effect.provide(world())),
    )
  }

  for (const [question, checks] of [
    ["server", ["server", "max_slot_wal_keep_size"]],
    ["role", ["role"]],
    ["limits", ["limits"]],
    ["identity", ["system identifier"]],
    ["walPosition", ["clock", "max_slot_wal_keep_size"]],
    ["slot", ['slot "data_sync_slot"']],
    ["tables", ['"db_loja"."cliente"']],
  ] as const) {
    it.effect(`goes on where the source does not answer what it is asked of ${question}`, () =>
      Effect.gen(function* () {
        const silence = Effect.fail(silentSource)
        const isFunction = question === "slot" || question === "tables"
        const change = { [question]: isFunction ? () => silence : silence }
        const sections = yield* examined(Effect.succeed(inspection(change)))
        assert.deepStrictEqual(failures(sections), [...checks])
      }).pipe(Effect.provide(world())),
    )
  }

  it.effect("fails for a slot that can be moved and not read, with what the server says", () =>
    Effect.gen(function* () {
      const refused = new SourceError({
        reason: "Permission",
        subject: "slot",
        detail: 'library "test_decoding" may not be used as an output plugin',
      })
      const sections = yield* examined(Effect.succeed(inspection({ probe: () => refused })))
      const found = sections.flatMap(({ findings }) => findings).find(({ mark }) => mark === "failed")
      assert.deepStrictEqual([found?.check, found?.finding], ['slot "data_sync_slot"', refused.detail])
    }).pipe(Effect.provide(world())),
  )

  for (const [whose, change] of [
    ["a cdc that writes", { writer: Option.some({ pid: 1, application: "afluente cdc" }) }],
    ["a cdc that begins", { processes: [{ pid: 1, application: "afluente cdc presence" }] }],
    ["another reader", look({ reader: Option.some({ pid: 1, application: "psql" }) })],
    ["another plugin", look({ plugin: Option.some("pgoutput") })],
  ] as const) {
    it.effect(`does not read the slot of ${whose}`, () =>
      Effect.gen(function* () {
        const probe = () => Effect.die(new Error("the slot was read"))
        const slot = () => Effect.succeed({ ...look(), ...change })
        yield* examined(Effect.succeed(inspection({ probe, slot })))
      }).pipe(Effect.provide(world())),
    )
  }

  it.effect("finds nothing amiss where another session reads the slot just then", () =>
    Effect.gen(function* () {
      const busy = new SourceError({ reason: "SlotInUse", subject: "slot", detail: "active" })
      const sections = yield* examined(Effect.succeed(inspection({ probe: () => busy })))
      assert.deepStrictEqual(failures(sections), [])
    }).pipe(Effect.provide(world())),
  )

  it.effect("draws no conclusion about the slot from a standby, which has none", () =>
    Effect.gen(function* () {
      const standby = inspection({
        server: Effect.succeed({ ...server, inRecovery: true }),
        slot: () => Effect.succeed({ ...look(), slot: Option.none() }),
      })
      const sections = yield* examined(Effect.succeed(standby))
      assert.deepStrictEqual([failures(sections), count(sections, "unchecked")], [["server"], 2])
    }).pipe(Effect.provide(world())),
  )

  it.effect("measures what the server writes in two seconds", () =>
    Effect.gen(function* () {
      const sections = yield* examined(Effect.succeed(inspection({}, 3 * 1024)))
      const kept = sections
        .flatMap(({ findings }) => findings)
        .find(({ check }) => check === "max_slot_wal_keep_size")
      assert.include(kept?.finding, "at the present rate of 3 KiB/s")
    }).pipe(Effect.provide(world())),
  )

  it.effect("waits 30 s for source and lake together, not for one after the other", () =>
    Effect.gen(function* () {
      const store = yield* ObjectStore
      const begin = yield* Clock.currentTimeMillis
      const sections = yield* Effect.provideService(examined(Effect.fail(silentSource)), ObjectStore, {
        ...store,
        list: () => Stream.fail(silentLake),
      })
      const waited = (yield* Clock.currentTimeMillis) - begin
      assert.deepStrictEqual(
        [failures(sections), waited >= 30_000, waited < 40_000],
        [["connection", "folder"], true, true],
      )
    }).pipe(Effect.provide(world())),
  )
})
