/** The contract of `ChangeSource`, by a real server. */
import { layer } from "@effect/vitest"
import { Effect } from "effect"
import { ReplicationSlot } from "../../../../src/services/source/ReplicationSlot.ts"
import { type ChangeWorld, changeSourceContract } from "../../../contract/changeSourceContract.ts"
import { TestPostgres } from "../../../support/postgres/postgres.ts"
import { slotLayers } from "../../../support/postgres/slotLayers.ts"
import { sourceAddress } from "../../../support/postgres/sourceAddress.ts"

const setup = `CREATE SCHEMA loja; CREATE TABLE loja.a (id int PRIMARY KEY, v text);
  CREATE TABLE loja.b (id int PRIMARY KEY, v text)`

layer(TestPostgres.shared, { excludeTestServices: true })("the changes of a server", (it) => {
  for (const [behaviour, program] of changeSourceContract)
    it.effect(behaviour, () =>
      Effect.gen(function* () {
        const { name, sql, superuserUrl } = yield* (yield* TestPostgres).database(setup)
        const world: ChangeWorld = {
          insert: (rows, letters = 1) =>
            Effect.orDie(
              sql(
                `BEGIN; ${rows.map(([table, id]) => `INSERT INTO loja.${table} VALUES (${id}, repeat('x', ${letters}))`).join("; ")}; COMMIT`,
              ),
            ),
        }
        yield* Effect.andThen(
          Effect.flatMap(ReplicationSlot, ({ create }) => create),
          program(world),
        ).pipe(Effect.provide(slotLayers(sourceAddress(superuserUrl), `changes_${name}`)), Effect.scoped)
      }),
    )
})
