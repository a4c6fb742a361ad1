/**
 * What `doctor` tries on the lake: everything that `full` and `cdc` will do there, with objects of its own. They lie where
 * the next objects will, as far as that is there, begin with `_`, and are removed again whatever happens.
 */
import { randomUUID } from "node:crypto"
import { Clock, Effect, Option, Result, Stream } from "effect"
import { type Area, datasetPrefix, nextStamp } from "../../core/lake/ObjectKey.ts"
import { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { StoreAdmin } from "../../services/lake/StoreAdmin.ts"
import type { StoreError } from "../../services/lake/StoreError.ts"
import { Settings } from "../../settings/Settings.ts"
import { clockFinding } from "../ClockFinding.ts"
import { failureFinding } from "../FailureFinding.ts"
import { type Finding, failed, ok, unchecked, warning } from "../Finding.ts"

const checks = {
  write: "write",
  read: "read",
  clock: "clock",
  second: "second write",
  remove: "delete",
  large: "large object",
}
export const probeChecks: ReadonlyArray<string> = Object.values(checks)

/** More than one part of an upload to S3. */
const largeBytes = 9 * 1024 * 1024
const pieceBytes = 1024 * 1024

/** Milliseconds: S3 tells whole seconds. */
const storePrecision = 1000

const probeName = "_doctor_probe_"

/**
 * Where the next object of an area will stand, if objects stand there already: whoever made that folder may be another
 * user, whose folders are not ours to write. Nothing new is made for a probe, which would leave an empty folder; a bucket
 * has no folders, and the right to write to it may be limited to the areas.
 */
const placeIn = Effect.fnUntraced(function* (area: Area) {
  const { list } = yield* ObjectStore
  const { tables, lake } = yield* Settings
  const { second } = nextStamp(Option.none(), yield* Clock.currentTimeMillis)
  const today = `${second.slice(0, 8)}/`
  const places = [
    ...tables.map(({ dataset }) => `${datasetPrefix(area, "datasets", dataset)}${today}`),
    `${datasetPrefix(area, "single", "")}${today}`,
    ...tables.map(({ dataset }) => `${area}/${dataset}/`),
    `${area}/`,
  ]
  for (const place of places) if (Option.isSome(yield* Stream.runHead(list(place)))) return place
  return lake._tag === "Folder" ? "" : `${area}/`
})

/** Removed when the check is over, also when it failed or was stopped. */
const withProbe = <A, R>(area: Area, use: (key: string) => Effect.Effect<A, never, R>) =>
  Effect.gen(function* () {
    const admin = yield* StoreAdmin
    // A lake that cannot be listed is told of elsewhere.
    const place = yield* Effect.orElseSucceed(placeIn(area), () => "")
    const key = `${place}${probeName}${randomUUID()}.txt`
    return yield* Effect.ensuring(use(key), Effect.ignore(admin.remove(key)))
  })

const oddAnswer = "Is this address an S3 server, and nothing between it and us that keeps old answers?"

/** One finding for what an effect proves. */
const proving = <R>(check: string, proof: string, effect: Effect.Effect<boolean, StoreError, R>) =>
  Effect.match(effect, {
    onFailure: (error) => failureFinding(check, error),
    onSuccess: (proven) =>
      proven
        ? ok(check, proof)
        : failed(check, "the lake holds something else than was written", { advice: oddAnswer }),
  })

const content = new TextEncoder().encode("Written by `doctor`, which removes it again.\n")

const smallObject = Effect.fnUntraced(function* (key: string) {
  const store = yield* ObjectStore
  const admin = yield* StoreAdmin
  const before = yield* Clock.currentTimeMillis
  const written = yield* Effect.result(store.put(key, content))
  const after = yield* Clock.currentTimeMillis
  if (Result.isFailure(written)) {
    const rest = [checks.read, checks.clock, checks.second, checks.remove]
    return [
      failureFinding(checks.write, written.failure),
      ...rest.map((check) => unchecked(check, "nothing could be written")),
    ]
  }
  const same = Effect.map(Stream.runCollect(store.read(key)), (pieces) =>
    Buffer.concat(pieces).equals(content),
  )
  const clock = Effect.match(admin.stat(key), {
    onFailure: ({ detail }) => unchecked(checks.clock, detail),
    onSuccess: Option.match({
      onNone: () => unchecked(checks.clock, "the object that was written is not there"),
      onSome: ({ writtenAt }) => clockFinding({ before, after, other: writtenAt, precision: storePrecision }),
    }),
  })
  return [
    ok(checks.write, "an object can be written"),
    yield* proving(checks.read, "it is read back as it was", same),
    yield* clock,
    yield* secondWrite(key),
    yield* removal(key),
  ]
})

/** Without it nothing in the lake itself keeps two writers apart, and take-overs wait until nothing can be under way. */
const secondWrite = (key: string) =>
  Effect.flatMap(ObjectStore, (store) =>
    Effect.match(store.honoursConditions(key), {
      onFailure: (error) => failureFinding(checks.second, error),
      onSuccess: (honours) =>
        honours
          ? ok(checks.second, "the store itself refuses a name that is taken, and a version that is gone")
          : warning(
              checks.second,
              "the store does not refuse writes whose condition does not hold (If-None-Match, If-Match)",
              {
                advice:
                  "A `cdc` that takes over after a crash waits 60 seconds before it writes, and a request that the store carries out later than that can double rows. A newer version of the store may refuse.",
              },
            ),
    }),
  )

/** `full` and `cdc` delete nothing that was visible. Without the right to, what `doctor` writes stays. */
const removal = (key: string) =>
  Effect.flatMap(StoreAdmin, (admin) =>
    Effect.match(Effect.andThen(admin.remove(key), admin.stat(key)), {
      onFailure: ({ detail, advice }) =>
        warning(checks.remove, `${detail}; what doctor wrote stays: ${probeName}*.txt`, { advice }),
      onSuccess: (found) =>
        Option.isNone(found)
          ? ok(checks.remove, "it can be removed")
          : warning(checks.remove, "it is there after it was removed", { advice: oddAnswer }),
    }),
  )

const largeObject = (key: string) =>
  proving(
    checks.large,
    "one of 9 MiB can be written, which S3 takes in parts",
    Effect.gen(function* () {
      const store = yield* ObjectStore
      const admin = yield* StoreAdmin
      const writer = yield* store.create(key)
      const piece = new Uint8Array(pieceBytes).fill(10)
      for (let sent = 0; sent < largeBytes; sent += pieceBytes) yield* writer.write(piece)
      yield* writer.commit
      return Option.exists(yield* admin.stat(key), ({ bytes }) => bytes === largeBytes)
    }).pipe(Effect.scoped),
  )

export const probes: Effect.Effect<
  ReadonlyArray<Finding>,
  never,
  ObjectStore | StoreAdmin | Settings
> = Effect.gen(function* () {
  const small = yield* withProbe("inc", smallObject)
  return [...small, yield* withProbe("full", largeObject)]
})
