/**
 * The program's ways to keep writers apart, against random histories. `FENCE_HISTORIES` sets how many of each kind,
 * `FENCE_SEED` the first: a failure names its seed, with which it runs again.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { families, options, quiet, run } from "./families.ts"

for (const [name, play] of families) {
  describe(name, () => {
    it.effect(
      "lets each change into the lake once and in order, whenever requests are carried out",
      () =>
        Effect.gen(function* () {
          const { histories, first } = yield* options
          const { wrong, late, refused } = yield* Effect.provide(run(play, first, histories), quiet)
          process.stdout.write(
            `${name}: ${histories} histories, ${late} late requests, ${refused} refused starts\n`,
          )
          assert.deepStrictEqual(wrong, [])
          // One history alone may have none: it is run to see it again.
          if (histories > 3) assert.isAbove(late, 0, "requests carried out after their sender had gone")
        }),
      0,
    )
  })
}
