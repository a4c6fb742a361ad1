/**
 * A lake that carries requests out late: some when their sender has died, was frozen, or has given up on the answer. Each
 * process gets a lake of its own in front of the one that all share.
 */

import { Deferred, Effect, Option, type Scope } from "effect"
import { parseSchemaKey } from "../../../../../src/core/lake/ObjectKey.ts"
import { ObjectStore } from "../../../../../src/services/lake/ObjectStore.ts"
import { StoreError } from "../../../../../src/services/lake/StoreError.ts"
import type { Random } from "../../../../support/Random.ts"
import { overwriting, type Rule, storeWithout } from "./Rules.ts"

/** Which writes the store refuses whose condition does not hold. */
export type Conditions = "all" | "of PutObject alone" | "none"

/** A client gives a silent store up after so long. */
const clientPatience = "30 seconds"

const unanswered = new StoreError({ reason: "Unreachable", subject: "lake", detail: "no answer" })
const taken = (key: string) =>
  new StoreError({ reason: "Exists", subject: key, detail: "an object has this name" })

/** What a request writes. */
export type Body = "object" | "schema" | "watermark"

export interface LateLake {
  readonly conditions: Conditions
  /** Whether the next object is completed from parts, as large ones are. */
  readonly isInParts: () => boolean
  /** How late requests are, in seconds. */
  readonly delay: (body: Body) => number
  /** Requests that the store has not carried out yet. */
  underWay: number
  /** What was carried out when its sender was gone. */
  late: number
}

/** Most requests are carried out at once; some after seconds, a few after up to `longest` of them. */
export const delays = (random: Random, longest: number): number =>
  random.is(0.6) ? 0 : random.is(0.7) ? 1 + random.below(5) : 5 + random.below(longest - 4)

/** The store as it answers, with its conditions alone. */
const storeOf = (shared: ObjectStore["Service"], { conditions, isInParts }: LateLake): typeof shared => {
  if (conditions === "all") return shared
  return ObjectStore.of({
    ...shared,
    honoursConditions: () => Effect.succeed(false),
    create: (key, how) =>
      conditions === "none" || isInParts()
        ? Effect.succeed(overwriting(shared, key))
        : shared.create(key, how),
    replace: (key, body, version) =>
      conditions === "none" ? Effect.as(shared.put(key, body), "") : shared.replace(key, body, version),
  })
}

/** The lake as one process sees it. What it sends lives in `world`, and so longer than the process. */
export const lateLake = (
  shared: ObjectStore["Service"],
  lake: LateLake,
  world: Scope.Scope,
  without: Rule | undefined,
): ObjectStore["Service"] => {
  const store = storeWithout(storeOf(shared, lake), without)
  const send = <A>(body: Body, perform: Effect.Effect<A, StoreError>): Effect.Effect<A, StoreError> =>
    Effect.gen(function* () {
      const answer = yield* Deferred.make<A, StoreError>()
      const [before, after] = [lake.delay(body), lake.delay(body)]
      let isHeard = true
      lake.underWay++
      yield* Effect.sleep(before * 1000).pipe(
        Effect.andThen(Effect.exit(perform)),
        Effect.tap(() =>
          Effect.sync(() => {
            lake.underWay--
            if (!isHeard) lake.late++
          }),
        ),
        Effect.tap(() => Effect.sleep(after * 1000)),
        Effect.flatMap((exit) => Deferred.done(answer, exit)),
        Effect.forkIn(world),
      )
      return yield* Deferred.await(answer).pipe(
        Effect.timeoutOrElse({ duration: clientPatience, orElse: () => Effect.fail(unanswered) }),
        Effect.onExit(() => Effect.sync(() => (isHeard = false))),
      )
    })
  /** Where the store may ignore the condition, the program looks before it sends. */
  const ensureFree = (key: string) =>
    Effect.flatMap(store.readVersion(key), (found) =>
      Option.isSome(found) ? Effect.fail(taken(key)) : Effect.void,
    )
  return ObjectStore.of({
    ...store,
    create: (key, how) =>
      Effect.map(store.create(key, how), (writer) => {
        const body = Option.isSome(parseSchemaKey(key)) ? "schema" : "object"
        const commit = send(body, writer.commit)
        return { ...writer, commit: how === "fenced" ? commit : Effect.andThen(ensureFree(key), commit) }
      }),
    replace: (key, body, version) => send("watermark", store.replace(key, body, version)),
    put: (key, body) => send("watermark", store.put(key, body)),
  })
}
