/** The lake in memory: a small object store that keeps the promises of the real ones. Each build of the layer is a new lake. */

import { Clock, Context, Effect, Layer, Option, Stream } from "effect"
import { ObjectStore } from "../../src/services/lake/ObjectStore.ts"
import { StoreAdmin } from "../../src/services/lake/StoreAdmin.ts"
import { compareKeys, isKey, keyRefused, notFound, outside, taken } from "../store/StoreKeys.ts"

interface Kept {
  readonly body: Uint8Array
  readonly writtenAt: number
  readonly version: string
}

// Not `slice`: on a Buffer it shares memory that the caller may overwrite.
const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)

/** Makes an empty lake. */
export const make: Effect.Effect<Context.Context<ObjectStore | StoreAdmin>> = Effect.sync(() => {
  const objects = new Map<string, Kept>()

  const find = (key: string) =>
    Effect.suspend(() => {
      const kept = objects.get(key)
      return kept === undefined ? Effect.fail(notFound(key)) : Effect.succeed(kept)
    })
  let writes = 0
  const keep = (key: string, body: Uint8Array) =>
    Effect.map(Clock.currentTimeMillis, (writtenAt) => {
      const version = `v${++writes}`
      objects.set(key, { body, writtenAt, version })
      return version
    })
  const describe = (key: string, kept: Kept) => ({ key, bytes: kept.body.length, writtenAt: kept.writtenAt })

  const store = ObjectStore.of({
    location: "memory",
    check: () => Effect.void,
    create: Effect.fnUntraced(function* (key) {
      if (!isKey(key)) return yield* keyRefused(key)
      const chunks: Array<Uint8Array> = []
      return {
        write: (chunk) => Effect.sync(() => void chunks.push(copy(chunk))),
        commit: Effect.suspend(() => {
          const body = Buffer.concat(chunks)
          return objects.has(key)
            ? Effect.fail(taken(key))
            : Effect.as(keep(key, body), { bytes: body.length })
        }),
      }
    }),
    put: (key, body) => (isKey(key) ? Effect.asVoid(keep(key, copy(body))) : Effect.fail(keyRefused(key))),
    read: (key) => Stream.fromEffect(Effect.map(find(key), (kept) => copy(kept.body))),
    readRange: Effect.fnUntraced(function* (key, offset, length) {
      const { body } = yield* find(key)
      return offset < body.length ? copy(body.subarray(offset, offset + length)) : yield* outside(key, offset)
    }),
    list: (prefix, after = "") =>
      Stream.suspend(() =>
        Stream.fromIterable(
          [...objects]
            .filter(([key]) => key.startsWith(prefix) && compareKeys(key, after) > 0)
            .sort(([a], [b]) => compareKeys(a, b))
            .map(([key, kept]) => describe(key, kept)),
        ),
      ),
    honoursConditions: (probe) => Effect.as(keep(probe, new Uint8Array()), true),
    readVersion: (key) =>
      Effect.sync(() =>
        Option.map(Option.fromUndefinedOr(objects.get(key)), ({ body, version }) => ({
          body: copy(body),
          version,
        })),
      ),
    replace: (key, body, version) =>
      Effect.suspend(() => {
        if (!isKey(key)) return Effect.fail(keyRefused(key))
        return objects.get(key)?.version === Option.getOrUndefined(version)
          ? keep(key, copy(body))
          : Effect.fail(taken(key))
      }),
  })
  const admin = StoreAdmin.of({
    prepare: Effect.succeed(false),
    stat: (key) =>
      Effect.sync(() => Option.map(Option.fromUndefinedOr(objects.get(key)), (kept) => describe(key, kept))),
    remove: (key) => Effect.sync(() => void objects.delete(key)),
  })
  return Context.make(ObjectStore, store).pipe(Context.add(StoreAdmin, admin))
})
export const layer: Layer.Layer<ObjectStore | StoreAdmin> = Layer.effectContext(make)
