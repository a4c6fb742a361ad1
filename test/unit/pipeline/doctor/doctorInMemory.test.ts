/** What `doctor` says of the PostgreSQL in memory when an administrator has forgotten something, or something has happened. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { MemoryServer } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import {
  MemoryAdministration,
  layer as memoryInspection,
} from "../../../../layers/memory/source/MemorySourceInspection.ts"
import { examine } from "../../../../src/doctor/Doctor.ts"
import { type Inspection, SourceInspection } from "../../../../src/services/source/SourceInspection.ts"
import {
  ana,
  bia,
  cdcForEver,
  cdcOnce,
  cliente,
  ended,
  shop,
  slotName,
  started,
  world,
} from "../../../support/memory/memoryWorld.ts"

/** Lets the two seconds of the measurement pass. */
const complaints = Effect.map(Effect.flatten(ended(examine)), (sections) =>
  sections.flatMap(({ findings }) => findings).filter(({ mark }) => mark === "failed" || mark === "warning"),
)

/** The shop with one row, which `cdc` has carried into the lake. */
const followed = Effect.gen(function* () {
  const made = yield* shop
  yield* made.server.transact((tx) => tx.insert(made.clientes, ana))
  yield* ended(cdcOnce)
  return made
})

const inMemory = (administration: MemoryAdministration) =>
  Layer.provideMerge(memoryInspection([slotName], administration), world())

describe("doctor, of a source in memory", () => {
  it.effect("finds nothing wrong where all is in order", () =>
    Effect.gen(function* () {
      yield* followed
      assert.deepStrictEqual(yield* complaints, [])
    }).pipe(Effect.provide(inMemory(new MemoryAdministration()))),
  )

  const forgotten: ReadonlyArray<
    readonly [
      what: string,
      check: string,
      sql: string,
      forget: (administration: MemoryAdministration) => void,
    ]
  > = [
    [
      "a role without REPLICATION",
      "role",
      'ALTER ROLE "afluente" REPLICATION;',
      (administration) => {
        administration.mayReplicate = false
      },
    ],
    [
      "a function that was taken from the role",
      "role",
      'GRANT EXECUTE ON FUNCTION pg_control_system() TO "afluente";',
      (administration) => {
        administration.revokedFunctions = ["pg_control_system()"]
      },
    ],
    [
      "a schema that the role may not use",
      '"db_loja"."cliente"',
      'GRANT USAGE ON SCHEMA "db_loja" TO "afluente";',
      (administration) => {
        administration.revokedSchemas = [cliente.table.schema]
      },
    ],
    [
      "a table that the role may not read",
      '"db_loja"."cliente"',
      'GRANT SELECT ON "db_loja"."cliente" TO "afluente";',
      (administration) => {
        administration.revokedTables = [cliente.table]
      },
    ],
    [
      "rows that are hidden from the role",
      '"db_loja"."cliente"',
      'ALTER ROLE "afluente" BYPASSRLS;',
      (administration) => {
        administration.rowSecurity = [cliente.table]
      },
    ],
  ]
  for (const [what, check, sql, forget] of forgotten) {
    const administration = new MemoryAdministration()
    forget(administration)
    it.effect(`names ${what}, with the statement that mends it`, () =>
      Effect.gen(function* () {
        yield* followed
        const found = (yield* complaints).map((finding) => [finding.mark, finding.check, finding.sql])
        assert.deepStrictEqual(found, [["failed", check, [sql]]])
      }).pipe(Effect.provide(inMemory(administration))),
    )
  }

  const notLogical = new MemoryAdministration()
  notLogical.server = { ...notLogical.server, walLevel: "replica" }
  it.effect("names a wal_level that is not logical, with which no slot can be read", () =>
    Effect.gen(function* () {
      yield* followed
      const [first, second, ...others] = yield* complaints
      assert.deepStrictEqual(
        [first?.check, first?.sql],
        ["wal_level", ["ALTER SYSTEM SET wal_level = 'logical';"]],
      )
      assert.deepStrictEqual([second?.check, others], ['slot "data_sync_slot"', []])
    }).pipe(Effect.provide(inMemory(notLogical))),
  )

  const happened: ReadonlyArray<
    readonly [what: string, happen: (server: MemoryServer) => void, finding: RegExp, advice: RegExp]
  > = [
    [
      "is gone",
      (server) => server.slots.drop(slotName),
      /^it does not exist, but the lake was written from it/,
      /^To begin anew: choose an empty LAKE_URL, then run `init`, `full` and `cdc`\.$/,
    ],
    [
      "is lost",
      (server) => server.slots.lose(slotName),
      /^it is lost: PostgreSQL has removed WAL/,
      /^Raise max_slot_wal_keep_size\. To begin anew: drop the slot "data_sync_slot"/,
    ],
  ]
  for (const [what, happen, finding, advice] of happened) {
    it.effect(`fails for a slot that ${what}, and says how to go on`, () =>
      Effect.gen(function* () {
        const { server } = yield* followed
        happen(server)
        const [found, ...others] = yield* complaints
        assert.deepStrictEqual([found?.check, others], ['slot "data_sync_slot"', []])
        assert.match(found?.finding ?? "", finding)
        assert.match(found?.advice ?? "", advice)
      }).pipe(Effect.provide(inMemory(new MemoryAdministration()))),
    )
  }

  it.effect("fails for a slot that another reader has moved past the watermark", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* followed
      yield* server.slots.advance(slotName, yield* server.transact((tx) => tx.insert(clientes, bia)))
      const [found, ...others] = yield* complaints
      assert.deepStrictEqual([found?.check, others], ["lake and slot", []])
      assert.match(found?.finding ?? "", /past the lake's watermark .* Another reader consumed the changes/)
    }).pipe(Effect.provide(inMemory(new MemoryAdministration()))),
  )

  it.effect(
    "takes no other reader for a `cdc` that writes between the look at the lake and that at the slot",
    () =>
      Effect.gen(function* () {
        const { server, clientes } = yield* followed
        const source = yield* SourceInspection
        const around = yield* Effect.context<Effect.Services<typeof cdcOnce>>()
        const write = Effect.andThen(
          server.transact((tx) => tx.insert(clientes, bia)),
          Effect.orDie(Effect.provideContext(cdcOnce, around)),
        )
        const late = ({ slot, ...others }: Inspection): Inspection => ({
          ...others,
          slot: (name) => Effect.delay(Effect.andThen(write, slot(name)), "1 second"),
        })
        const found = yield* Effect.provideService(complaints, SourceInspection, {
          ...source,
          connect: Effect.map(source.connect, late),
        })
        assert.deepStrictEqual(found, [])
      }).pipe(Effect.provide(inMemory(new MemoryAdministration()))),
  )

  it.effect("does not read the slot beside a `cdc` that runs", () =>
    Effect.gen(function* () {
      yield* followed
      yield* started(cdcForEver)
      assert.deepStrictEqual(yield* complaints, [])
    }).pipe(Effect.provide(inMemory(new MemoryAdministration()))),
  )
})
