/**
 * Probes the lake: does with objects of its own what `full` and `cdc` will do. Their names begin with `_`, they are written
 * where the next objects will be if that folder exists, and they are always deleted again.
 */
import { randomUUID } from "node:crypto"
import { Clock, Effect, Option, Result, Stream } from "effect"
import { type Area, datasetPrefix, nextStamp } from "../../core/lake/ObjectKey.ts"
import { namedTables } from "../../core/tables/TableEntry.ts"
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
const chunkBytes = 1024 * 1024

/** Milliseconds: S3 reports whole seconds. */
const storePrecision = 1000

/** Of each of them two folders are listed. */
const triedDatasets = 20

const probeName = "_doctor_probe_"

/**
 * Returns the prefix of the area's next object if it has objects already: another user may own that folder, so that we cannot
 * write there. A probe creates no folder, because an empty one would be left behind. A bucket has no folders, and the
 * permission to write may be limited to the areas.
 */
const probePrefix = Effect.fnUntraced(function* (area: Area) {
  const { list } = yield* ObjectStore
  const { tables: entries, lake } = yield* Settings
  const tables = namedTables(entries).slice(0, triedDatasets)
  const { second } = nextStamp(Option.none(), yield* Clock.currentTimeMillis)
  const today = `${second.slice(0, 8)}/`
  const prefixes = [
    ...tables.map(({ dataset }) => `${datasetPrefix(area, "datasets", dataset)}${today}`),
    `${datasetPrefix(area, "single", "")}${today}`,
    ...tables.map(({ dataset }) => `${area}/${dataset}/`),
    `${area}/`,
  ]
  for (const prefix of prefixes) if (Option.isSome(yield* Stream.runHead(list(prefix)))) return prefix
  return lake._tag === "Folder" ? "" : `${area}/`
})

/** Runs a check with a key for its object. Deletes the object afterwards, also after a failure or an interruption. */
const withProbe = <A, R>(area: Area, use: (key: string) => Effect.Effect<A, never, R>) =>
  Effect.gen(function* () {
    const admin = yield* StoreAdmin
    // Another check reports a lake that cannot be listed.
    const prefix = yield* Effect.orElseSucceed(probePrefix(area), () => "")
    const key = `${prefix}${probeName}${randomUUID()}.txt`
    return yield* Effect.ensuring(use(key), Effect.ignore(admin.remove(key)))
  })

const oddAnswer = "Check that this address is an S3 server, and that no cache is in between."

/** Runs an effect that proves one thing. Returns its finding. */
const proving = <R>(check: string, proof: string, effect: Effect.Effect<boolean, StoreError, R>) =>
  Effect.match(effect, {
    onFailure: (error) => failureFinding(check, error),
    onSuccess: (proven) =>
      proven
        ? ok(check, proof)
        : failed(check, "the lake returns other bytes than were written", { advice: oddAnswer }),
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
  const same = Effect.map(Stream.runCollect(store.read(key)), (chunks) =>
    Buffer.concat(chunks).equals(content),
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

/** Without conditional writes the lake cannot keep two writers apart, and a take-over waits for requests in flight. */
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

/** `full` and `cdc` delete no published object, so that a missing permission is a warning: only probes stay behind. */
const removal = (key: string) =>
  Effect.flatMap(StoreAdmin, (admin) =>
    Effect.match(Effect.andThen(admin.remove(key), admin.stat(key)), {
      onFailure: ({ detail, advice }) =>
        warning(checks.remove, `${detail}; what doctor wrote stays: ${probeName}*.txt`, { advice }),
      onSuccess: (stat) =>
        Option.isNone(stat)
          ? ok(checks.remove, "it can be removed")
          : warning(checks.remove, "the object still exists after it was deleted", { advice: oddAnswer }),
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
      const chunk = new Uint8Array(chunkBytes).fill(10)
      for (let sent = 0; sent < largeBytes; sent += chunkBytes) yield* writer.write(chunk)
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
