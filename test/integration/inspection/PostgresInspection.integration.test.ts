/** The inspection of a real server, as the program's role. */
import { layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as PostgresInspection from "../../../layers/postgres/inspection/PostgresInspection.ts"
import { quoteIdentifier } from "../../../src/core/source/SourceTable.ts"
import { ChangeSource } from "../../../src/services/source/ChangeSource.ts"
import { ReplicationSlot } from "../../../src/services/source/ReplicationSlot.ts"
import { SourceInspection } from "../../../src/services/source/SourceInspection.ts"
import { type InspectionWorld, sourceInspectionContract } from "../../contract/sourceInspectionContract.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { slotLayers } from "../../support/postgres/slotLayers.ts"
import { sourceAddress } from "../../support/postgres/sourceAddress.ts"

const setup = "CREATE SCHEMA loja; CREATE TABLE loja.a (id serial PRIMARY KEY, v text)"

const withWorld = Effect.fnUntraced(function* <E, R>(
  program: (world: InspectionWorld) => Effect.Effect<void, E, R>,
) {
  const { name, sql, url, role } = yield* (yield* TestPostgres).database(setup)
  const run = (text: string) => Effect.orDie(sql(text))
  const [address, reader] = [sourceAddress(url), quoteIdentifier(role)]
  const opened = Effect.gen(function* () {
    const world: InspectionWorld = {
      inspection: yield* (yield* SourceInspection).connect,
      slot: yield* ReplicationSlot,
      changes: yield* ChangeSource,
      insert: run("INSERT INTO loja.a (v) VALUES ('x')"),
      revoke: {
        replication: run(`ALTER ROLE ${reader} NOREPLICATION`),
        controlSystem: run("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC"),
        schema: run(`REVOKE USAGE ON SCHEMA loja FROM ${reader}`),
        table: run(`REVOKE SELECT ON loja.a FROM ${reader}`),
      },
    }
    yield* program(world)
  })
  const layers = Layer.merge(PostgresInspection.layer(address), slotLayers(address, `inspection_${name}`))
  yield* opened.pipe(Effect.provide(layers), Effect.scoped)
})

layer(TestPostgres.shared, { excludeTestServices: true })("the inspection of a server", (it) => {
  for (const [behaviour, program] of sourceInspectionContract) it.effect(behaviour, () => withWorld(program))
})
