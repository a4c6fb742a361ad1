/**
 * A lake that carries requests out late: some when their sender has died, was frozen, or has given up on the answer. Each
 * process gets a lake of its own in front of the one that all share.
 */
import { Deferred, Effect, Option, type Scope } from "effect"
import { ObjectStore } from "../../../src/services/lake/ObjectStore.ts"
import { StoreError } from "../../../src/services/lake/StoreError.ts"
import type { Random } from "../../support/Random.ts"

/** A rule of the fence. Each can be taken out, to see that histories go wrong without it. */
export const rules = [
  "an object is created only where there is none",
  "a watermark is replaced only where it is the one that was read",
  "a take-over replaces the watermark before anything else",
  "an announced name outlives its writer",
] as const
export type Rule = (typeof rules)[number]

/** A client gives a silent store up after so long. */
const clientPatience = "30 seconds"

const unanswered = new StoreError({ reason: "Unreachable", subject: "lake", detail: "no answer" })

export interface LateLake {
  /** How late requests are, in seconds. */
  readonly delay: () => number
  /** What was carried out when its sender was gone. */
  late: number
}

/** Most requests are carried out at once; some after seconds, a few after more than a minute. */
export const delays = (random: Random): number =>
  random.is(0.6) ? 0 : random.is(0.7) ? 1 + random.below(5) : 5 + random.below(85)

/** The conditions of a store that ignores some of them. */
const withoutRule = (store: ObjectStore["Service"], without: Rule | undefined): ObjectStore["Service"] => {
  if (without === "a watermark is replaced only where it is the one that was read") {
    return ObjectStore.of({
      ...store,
      replace: (key, body) =>
        Effect.gen(function* () {
          yield* store.put(key, body)
          return Option.match(yield* store.readVersion(key), {
            onNone: () => "",
            onSome: ({ version }) => version,
          })
        }),
    })
  }
  if (without !== "an object is created only where there is none") return store
  return ObjectStore.of({
    ...store,
    create: Effect.fnUntraced(function* (key) {
      const pieces: Array<Uint8Array> = []
      return {
        write: (piece) => Effect.sync(() => void pieces.push(new Uint8Array(piece))),
        commit: Effect.suspend(() => {
          const body = Buffer.concat(pieces)
          return Effect.as(store.put(key, body), { bytes: body.length })
        }),
      }
    }),
  })
}

/** The lake as one process sees it. What it sends lives in `world`, and so longer than the process. */
export const lateLake = (
  shared: ObjectStore["Service"],
  lake: LateLake,
  world: Scope.Scope,
  without: Rule | undefined,
): ObjectStore["Service"] => {
  const store = withoutRule(shared, without)
  const send = <A>(perform: Effect.Effect<A, StoreError>): Effect.Effect<A, StoreError> =>
    Effect.gen(function* () {
      const answer = yield* Deferred.make<A, StoreError>()
      const [before, after] = [lake.delay(), lake.delay()]
      let isHeard = true
      yield* Effect.sleep(before * 1000).pipe(
        Effect.andThen(Effect.exit(perform)),
        Effect.tap(() =>
          Effect.sync(() => {
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
  return ObjectStore.of({
    ...store,
    create: (key, how) =>
      Effect.map(store.create(key, how), (writer) => ({ ...writer, commit: send(writer.commit) })),
    replace: (key, body, version) => send(store.replace(key, body, version)),
    put: (key, body) => send(store.put(key, body)),
  })
}
