import { describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { MemoryPostgres } from "../../layers/memory/postgres/MemoryPostgres.ts"
import * as MemorySourceInspection from "../../layers/memory/source/MemorySourceInspection.ts"
import { ChangeSource } from "../../src/services/source/ChangeSource.ts"
import { ReplicationSlot } from "../../src/services/source/ReplicationSlot.ts"
import { SourceInspection } from "../../src/services/source/SourceInspection.ts"
import { slotName, world } from "../support/memory/memoryWorld.ts"
import { a, type InspectionWorld, sourceInspectionContract } from "./sourceInspectionContract.ts"

const columns = [
  { name: "id", type: "integer", nullable: false },
  { name: "v", type: "text", nullable: true },
]

const opened = (administration: MemorySourceInspection.MemoryAdministration) =>
  Effect.gen(function* () {
    const server = yield* MemoryPostgres
    const table = server.createTable({ table: a, columns, primaryKey: ["id"] })
    let id = 0
    const inspected: InspectionWorld = {
      inspection: yield* (yield* SourceInspection).connect,
      slot: yield* ReplicationSlot,
      changes: yield* ChangeSource,
      insert: Effect.suspend(() => server.transact((tx) => tx.insert(table, { id: String(++id), v: "x" }))),
      revoke: {
        replication: Effect.sync(() => (administration.mayReplicate = false)),
        controlSystem: Effect.sync(() => (administration.revokedFunctions = ["pg_control_system()"])),
        schema: Effect.sync(() => (administration.revokedSchemas = [a.schema])),
        table: Effect.sync(() => (administration.revokedTables = [a])),
      },
    }
    return inspected
  })

describe("the inspection of the PostgreSQL in memory", () => {
  for (const [behaviour, program] of sourceInspectionContract) {
    const administration = new MemorySourceInspection.MemoryAdministration()
    const inspection = MemorySourceInspection.layer([slotName], administration)
    it.effect(behaviour, () =>
      Effect.flatMap(opened(administration), program).pipe(
        Effect.provide(Layer.provideMerge(inspection, world())),
      ),
    )
  }
})
