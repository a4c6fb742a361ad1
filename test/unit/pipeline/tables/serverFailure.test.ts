/** A failure of the server is met by each of the configured tables: it is reported, and asked for, once. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { SourceError } from "../../../../src/services/source/SourceError.ts"
import { SourceTables } from "../../../../src/services/source/SourceTables.ts"
import { cdcOnce, failureOf, shop, tablesInDatasets, world } from "../../../support/memory/memoryWorld.ts"

const wrongPassword = new SourceError({
  reason: "Password",
  subject: "loja on db:5432",
  detail: "password authentication failed",
})

for (const [command, run] of [
  ["cdc", cdcOnce],
  ["full", Pipeline.full],
] as const) {
  describe(`${command} of two tables`, () => {
    it.effect("ends at the first wrong password: each try counts as a failed login on the server", () =>
      Effect.gen(function* () {
        yield* shop
        let logins = 0
        const refused = Effect.suspend(() => {
          logins++
          return Effect.fail(wrongPassword)
        })
        const real = yield* SourceTables
        const locked = SourceTables.of({
          ...real,
          describe: () => refused,
          describeAll: () => refused,
          mayRead: () => refused,
        })
        const failure = yield* failureOf(Effect.provideService(run, SourceTables, locked))
        assert.strictEqual(failure, wrongPassword)
        assert.strictEqual(logins, 1)
      }).pipe(Effect.provide(world(tablesInDatasets))),
    )
  })
}
