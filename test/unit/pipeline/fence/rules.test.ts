/** Each rule of the fence is needed: among random histories without it there is one that goes wrong. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { families, options, quiet, run } from "./families.ts"

/** Most rules take a dozen, one takes some hundred: which seed it is changes with whatever the program asks or waits for. */
const mostHistories = 2000

for (const [name, play, rules] of families) {
  describe(name, () => {
    for (const rule of rules) {
      it.effect(
        `needs its rule: ${rule}`,
        () =>
          Effect.gen(function* () {
            const { first } = yield* options
            const { wrong } = yield* run(play, first, mostHistories, rule)
            process.stdout.write(`without "${rule}": ${wrong[0]?.split(":")[0] ?? "nothing"} goes wrong\n`)
            assert.isNotEmpty(wrong)
          }).pipe(Effect.provide(quiet)),
        0,
      )
    }
  })
}
