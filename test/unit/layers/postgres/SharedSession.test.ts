import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { sharedSession } from "../../../../layers/postgres/connection/SharedSession.ts"
import { SourceError, type SourceReason } from "../../../../src/services/source/SourceError.ts"

/** Sessions are numbered from 1; those that are closed are noted. */
const open = Effect.gen(function* () {
  let opened = 0
  const closed: Array<number> = []
  const ask = yield* sharedSession(
    Effect.acquireRelease(
      Effect.sync(() => ++opened),
      (session) => Effect.sync(() => closed.push(session)),
    ),
  )
  return { which: ask(Effect.succeed), ask, closed }
})

const failsWith = (reason: SourceReason) => () =>
  Effect.fail(new SourceError({ reason, subject: "table t", detail: "test" }))

describe("A shared session", () => {
  it.effect("answers questions that follow each other", () =>
    Effect.gen(function* () {
      const { which } = yield* open
      assert.deepStrictEqual([yield* which, yield* which, yield* which], [1, 1, 1])
    }),
  )

  it.effect("is closed once nobody has asked for a moment, and the next question opens another", () =>
    Effect.gen(function* () {
      const { which, closed } = yield* open
      yield* which
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(closed, [1])
      assert.strictEqual(yield* which, 2)
    }),
  )

  it.effect("goes on after a permanent error", () =>
    Effect.gen(function* () {
      const { which, ask } = yield* open
      yield* which
      yield* Effect.result(ask(failsWith("SchemaOrTableMissing")))
      assert.strictEqual(yield* which, 1)
    }),
  )

  it.effect("is closed at once after a transient error", () =>
    Effect.gen(function* () {
      const { which, ask, closed } = yield* open
      yield* Effect.result(ask(failsWith("Unreachable")))
      assert.deepStrictEqual([closed, yield* which], [[1], 2])
    }),
  )
})
