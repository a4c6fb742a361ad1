/** A short run of what `npm run test:oracle` does for as long as it is told. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { runRound } from "../../../tools/oracle/round.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"

const budgetMillis = 5_000

layer(TestPostgres.shared, { excludeTestServices: true })("the lake", (it) => {
  it.effect("says what PostgreSQL says, whatever the types, the shapes and the order of things", () =>
    Effect.gen(function* () {
      const startedAt = performance.now()
      for (let seed = 1; seed === 1 || performance.now() - startedAt < budgetMillis; seed++) {
        const { differences } = yield* runRound(seed, 12)
        assert.deepStrictEqual(differences, [], `seed ${seed}`)
      }
    }),
  )
})
