import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Ref } from "effect"
import { countFenced } from "../../../../src/cdc/fence/FencedOut.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"
import { StoreError } from "../../../../src/services/lake/StoreError.ts"
import { SourceError } from "../../../../src/services/source/SourceError.ts"

const fenced = new StoreError({ reason: "Fenced", subject: "inc/_watermark.txt", detail: "replaced" })
const ended = new SourceError({ reason: "Unreachable", subject: "slot", detail: "the connection has ended" })
const alive = Effect.succeed({ slot: Option.none(), flushed: Lsn.zero })

/** How often the error is met, and the last of what is told. */
const told = (readState: typeof alive | Effect.Effect<never, SourceError>, times: number) =>
  Effect.gen(function* () {
    const counted = yield* Ref.make<ReadonlyArray<number>>([])
    let last: unknown
    for (let i = 0; i < times; i++) last = yield* Effect.flip(countFenced(counted, { readState }, fenced))
    return last
  })

describe("a writer that is fenced out", () => {
  it.effect("tells so where its session has ended too, and is never refused for it", () =>
    Effect.map(told(Effect.fail(ended), 5), (error) => assert.strictEqual(error, fenced)),
  )

  it.effect("tells so twice within a minute while it holds its lock", () =>
    Effect.map(told(alive, 2), (error) => assert.strictEqual(error, fenced)),
  )

  it.effect("is refused the third time", () =>
    Effect.map(told(alive, 3), (error) => assert.propertyVal(error, "reason", "AnotherWriter")),
  )
})
