/** What every object store keeps. A layer that passes can be put in the place of any other. */

import { createHash } from "node:crypto"
import { assert, layer as withLayer } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, type Layer, Option, Stream } from "effect"
import { partBytes } from "../../layers/s3/multipart/PartSizes.ts"
import { ObjectStore } from "../../src/services/lake/ObjectStore.ts"
import { StoreAdmin } from "../../src/services/lake/StoreAdmin.ts"
import type { StoreError } from "../../src/services/lake/StoreError.ts"

export interface StoreUnderTest {
  readonly name: string
  /** A store to which nothing has been written yet; built once for the whole suite. */
  readonly layer: Layer.Layer<ObjectStore | StoreAdmin, StoreError>
  /** What objects that were never made visible have left behind: hidden files, unfinished uploads. */
  readonly leftovers: Effect.Effect<ReadonlyArray<string>>
}

const mebibyte = 1024 * 1024
const text = (body: string) => Buffer.from(body)

/** Bytes that no buffer mix-up leaves as they are: each depends on its position. */
export const pattern = (length: number): Buffer => {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i + 4 <= length; i += 4) bytes.writeUInt32LE((i * 2654435761) >>> 0, i)
  return bytes
}

const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex")

export const readAll = (key: string) =>
  Effect.gen(function* () {
    const store = yield* ObjectStore
    return Buffer.concat(yield* Stream.runCollect(store.read(key)))
  })

export const keysOf = (prefix: string, after?: string) =>
  Effect.gen(function* () {
    const store = yield* ObjectStore
    return (yield* Stream.runCollect(store.list(prefix, after))).map((object) => object.key)
  })

/** Writes one new object, in pieces of `pieceBytes`. */
export const write = (key: string, body: Uint8Array, pieceBytes = body.length || 1) =>
  Effect.scoped(
    Effect.gen(function* () {
      const store = yield* ObjectStore
      const writer = yield* store.create(key)
      for (let at = 0; at < body.length; at += pieceBytes)
        yield* writer.write(body.subarray(at, at + pieceBytes))
      return yield* writer.commit
    }),
  )

const reasonOf = <A, R>(effect: Effect.Effect<A, StoreError, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

export const objectStoreContract = (subject: StoreUnderTest): void => {
  withLayer(subject.layer, { excludeTestServices: true })(`ObjectStore: ${subject.name}`, (it) => {
    it.effect("can be used once it is prepared", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        yield* (yield* StoreAdmin).prepare
        yield* store.check("inc")
      }),
    )

    it.effect("has nothing left to make when it is prepared again", () =>
      Effect.gen(function* () {
        yield* (yield* StoreAdmin).prepare
        assert.isFalse(yield* (yield* StoreAdmin).prepare)
      }),
    )

    it.effect("shows nothing of its checks", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        yield* store.check("inc")
        assert.deepStrictEqual(yield* keysOf("check"), [])
        assert.deepStrictEqual(yield* subject.leftovers, [])
      }),
    )

    it.effect("takes objects that are begun at once, also where their folders are new", () =>
      Effect.gen(function* () {
        const folders = Array.from({ length: 40 }, (_, i) => `atOnce/${i}/deep`)
        const keys = folders.flatMap((folder) => [1, 2, 3, 4].map((n) => `${folder}/${n}.csv`))
        for (const folder of folders)
          yield* Effect.forEach(
            keys.filter((key) => key.startsWith(`${folder}/`)),
            (key) => write(key, text("a")),
            { concurrency: "unbounded" },
          )
        assert.deepStrictEqual(yield* keysOf("atOnce/"), keys.toSorted())
      }),
    )

    it.effect("shows an object to no reader before it is committed", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        yield* Effect.scoped(
          Effect.gen(function* () {
            const writer = yield* store.create("hidden/1.csv")
            yield* writer.write(pattern(9 * mebibyte))
            assert.deepStrictEqual(yield* keysOf("hidden/"), [])
            assert.deepStrictEqual(yield* (yield* StoreAdmin).stat("hidden/1.csv"), Option.none())
            assert.strictEqual(yield* reasonOf(Stream.runDrain(store.read("hidden/1.csv"))), "NotFound")
            yield* writer.commit
            assert.deepStrictEqual(yield* keysOf("hidden/"), ["hidden/1.csv"])
          }),
        )
      }),
    )

    it.effect("keeps an object of no bytes", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* write("sizes/empty.csv", new Uint8Array(0)), { bytes: 0 })
        assert.strictEqual((yield* readAll("sizes/empty.csv")).length, 0)
        assert.strictEqual(Option.getOrThrow(yield* (yield* StoreAdmin).stat("sizes/empty.csv")).bytes, 0)
      }),
    )

    const part = partBytes(1)
    for (const bytes of [part - 1, part, part + 1, 2 * part]) {
      it.effect(`keeps every byte of an object of ${bytes} bytes`, () =>
        Effect.gen(function* () {
          const body = pattern(bytes)
          assert.deepStrictEqual(yield* write(`sizes/${bytes}.csv`, body, 64 * 1024), { bytes })
          assert.strictEqual(hash(yield* readAll(`sizes/${bytes}.csv`)), hash(body))
        }),
      )
    }

    it.effect("keeps every byte of 40 MiB written in pieces of odd sizes", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const body = pattern(40 * mebibyte)
        const sizes = [1, 65_537, 777_777, 9 * mebibyte + 13, 3]
        yield* Effect.scoped(
          Effect.gen(function* () {
            const writer = yield* store.create("sizes/odd.csv")
            for (let at = 0, turn = 0; at < body.length; turn++) {
              const size = sizes[turn % sizes.length] ?? 1
              yield* writer.write(body.subarray(at, at + size))
              at += size
            }
            assert.deepStrictEqual(yield* writer.commit, { bytes: body.length })
          }),
        )
        assert.strictEqual(hash(yield* readAll("sizes/odd.csv")), hash(body))
      }),
    )

    it.effect("lets the caller use its buffer again as soon as a write has ended", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const buffer = Buffer.alloc(3)
        yield* Effect.scoped(
          Effect.gen(function* () {
            const writer = yield* store.create("reuse/1.csv")
            for (const word of ["one", "two", "six"]) {
              buffer.write(word)
              yield* writer.write(buffer)
            }
            buffer.write("xxx")
            yield* writer.commit
          }),
        )
        assert.strictEqual(String(yield* readAll("reuse/1.csv")), "onetwosix")
      }),
    )

    it.effect("leaves nothing of an object whose writer fails", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const half = Effect.gen(function* () {
          const writer = yield* store.create("failed/1.csv")
          yield* writer.write(pattern(20 * mebibyte))
          return yield* Effect.fail("the source went away")
        })
        assert.strictEqual(yield* Effect.flip(Effect.scoped(half)), "the source went away")
        assert.deepStrictEqual(yield* keysOf("failed/"), [])
        assert.deepStrictEqual(yield* subject.leftovers, [])
      }),
    )

    it.effect("leaves nothing of an object whose writer is interrupted", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const written = yield* Deferred.make<void>()
        const half = Effect.gen(function* () {
          const writer = yield* store.create("interrupted/1.csv")
          yield* writer.write(pattern(30 * mebibyte))
          yield* Deferred.succeed(written, undefined)
          return yield* Effect.never
        })
        const fiber = yield* Effect.forkChild(Effect.scoped(half))
        yield* Deferred.await(written)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(yield* keysOf("interrupted/"), [])
        assert.deepStrictEqual(yield* subject.leftovers, [])
      }),
    )

    for (const bytes of [5, 9 * mebibyte]) {
      it.effect(`refuses to commit ${bytes} bytes under a key that was taken meanwhile`, () =>
        Effect.gen(function* () {
          const store = yield* ObjectStore
          const key = `taken/${bytes}.csv`
          const late = Effect.gen(function* () {
            const writer = yield* store.create(key)
            yield* writer.write(pattern(bytes))
            yield* write(key, text("first"))
            return yield* writer.commit
          })
          assert.strictEqual(yield* reasonOf(Effect.scoped(late)), "Exists")
          assert.strictEqual(String(yield* readAll(key)), "first")
          assert.deepStrictEqual(yield* subject.leftovers, [])
        }),
      )
    }

    it.effect("lets one of two writers that commit the same key at once win", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const racer = (body: string) =>
          Effect.gen(function* () {
            const writer = yield* store.create("race/1.csv")
            yield* writer.write(text(body))
            return yield* writer.commit
          }).pipe(Effect.scoped, Effect.exit)
        const exits = yield* Effect.all([racer("left"), racer("right")], { concurrency: 2 })
        assert.strictEqual(exits.filter(Exit.isSuccess).length, 1)
        const winner = exits.findIndex(Exit.isSuccess)
        assert.strictEqual(String(yield* readAll("race/1.csv")), ["left", "right"][winner])
      }),
    )

    it.effect("takes objects of different keys at the same time", () =>
      Effect.gen(function* () {
        const bodies = [1, 2, 3, 4].map((n) => pattern(n * 3 * mebibyte + n))
        yield* Effect.forEach(bodies, (body, n) => write(`together/${n}.csv`, body, 100_000), {
          concurrency: "unbounded",
        })
        for (const [n, body] of bodies.entries()) {
          assert.strictEqual(hash(yield* readAll(`together/${n}.csv`)), hash(body))
        }
      }),
    )

    it.effect("keeps the second body when one key is put twice", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        yield* store.put("put/1.txt", text("a longer first body"))
        yield* store.put("put/1.txt", text("second"))
        assert.strictEqual(String(yield* readAll("put/1.txt")), "second")
        assert.deepStrictEqual(yield* keysOf("put/"), ["put/1.txt"])
        assert.deepStrictEqual(yield* subject.leftovers, [])
      }),
    )

    it.effect("puts the part of a buffer that it is given, and no more", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        yield* store.put("put/view.txt", text("__inside__").subarray(2, 8))
        assert.strictEqual(String(yield* readAll("put/view.txt")), "inside")
      }),
    )

    it.effect("lists keys in the order of their bytes, across folders", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const inOrder = ["a-b.csv", "a.csv", "a/1.csv", "a/b/2.csv", "a/c.csv", "a0.csv", "b.csv", "é.csv"]
        inOrder.push("\uFF5E.csv", "😀.csv")
        const keys = inOrder.map((name) => `order/${name}`)
        yield* Effect.forEach(keys.toReversed(), (key) => store.put(key, text(key)))
        assert.deepStrictEqual(yield* keysOf("order/"), keys)
      }),
    )

    it.effect("lists by any beginning of a key and after any key", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const keys = ["p/date=1/a.csv", "p/date=1/b.csv", "p/date=2/a.csv", "p/other/a.csv", "p2/a.csv"]
        yield* Effect.forEach(keys, (key) => store.put(key, text(key)))
        const sought = (prefix: string, after?: string) =>
          Effect.map(keysOf(prefix, after), (found) => found.join(" "))
        assert.strictEqual(yield* sought("p/date="), keys.slice(0, 3).join(" "))
        assert.strictEqual(yield* sought("p/date=1/b"), "p/date=1/b.csv")
        assert.strictEqual(yield* sought("p/", "p/date=1/a.csv"), keys.slice(1, 4).join(" "))
        assert.strictEqual(yield* sought("p/", "p/date=1/z"), keys.slice(2, 4).join(" "))
        assert.strictEqual(yield* sought("p/date=", "p/date=2"), "p/date=2/a.csv")
        assert.strictEqual(yield* sought("p/date=1/", "p/z"), "")
        assert.strictEqual(yield* sought("nowhere/date="), "")
      }),
    )

    it.effect("lists more than a thousand keys, each once", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const keys = Array.from({ length: 1203 }, (_, n) => `many/${String(n).padStart(5, "0")}.csv`)
        yield* Effect.forEach(keys, (key) => store.put(key, text("x")), { concurrency: 8 })
        assert.deepStrictEqual(yield* keysOf("many/"), keys)
        assert.deepStrictEqual(yield* keysOf("many/", "many/00999.csv"), keys.slice(1000))
      }),
    )

    it.effect("can be asked for the first few of a long list", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        yield* Effect.forEach(["few/1.csv", "few/2.csv", "few/3.csv"], (key) => store.put(key, text("x")))
        const first = yield* Stream.runCollect(Stream.take(store.list("few/"), 2))
        assert.deepStrictEqual(
          first.map((object) => object.key),
          ["few/1.csv", "few/2.csv"],
        )
      }),
    )

    it.effect("tells size and time of an object alike in a list and by its key", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        yield* store.put("facts/1.csv", text("12345"))
        const [listed] = yield* Stream.runCollect(store.list("facts/"))
        const found = Option.getOrThrow(yield* (yield* StoreAdmin).stat("facts/1.csv"))
        assert.strictEqual(found.key, "facts/1.csv")
        assert.strictEqual(found.bytes, 5)
        assert.strictEqual(listed?.bytes, 5)
        // HTTP tells the time in whole seconds.
        assert.isBelow(Math.abs(found.writtenAt - (listed?.writtenAt ?? 0)), 1000)
        assert.isBelow(Math.abs(found.writtenAt - Date.now()), 60_000)
      }),
    )

    for (const name of [
      "a b.csv",
      "a+b.csv",
      "a&b=c.csv",
      "it's.csv",
      "100%25.csv",
      "ação €.csv",
      "~(1)!*.csv",
    ]) {
      it.effect(`keeps the key ${name} as it is`, () =>
        Effect.gen(function* () {
          const key = `names/${name}/${name}`
          yield* write(key, text(name))
          assert.strictEqual(String(yield* readAll(key)), name)
          assert.strictEqual(Option.getOrThrow(yield* (yield* StoreAdmin).stat(key)).key, key)
          assert.deepStrictEqual(yield* keysOf(`names/${name}/`), [key])
          yield* (yield* StoreAdmin).remove(key)
          assert.deepStrictEqual(yield* keysOf(`names/${name}/`), [])
        }),
      )
    }

    it.effect("reads a part of an object", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        yield* store.put("range/1.csv", text("0123456789"))
        const part = (offset: number, length: number) =>
          Effect.map(store.readRange("range/1.csv", offset, length), (bytes) => Buffer.from(bytes).toString())
        assert.strictEqual(yield* part(0, 3), "012")
        assert.strictEqual(yield* part(4, 2), "45")
        assert.strictEqual(yield* part(7, 100), "789")
        assert.strictEqual(yield* part(2, 0), "")
      }),
    )

    it.effect("fails to read a part that begins behind the end", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        yield* store.put("range/short.csv", text("123"))
        assert.strictEqual(yield* reasonOf(store.readRange("range/short.csv", 3, 1)), "Broken")
      }),
    )

    it.effect("gives up reading in the middle of an object without harm", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        yield* write("range/long.csv", pattern(10 * mebibyte), mebibyte)
        yield* Stream.runDrain(Stream.take(store.read("range/long.csv"), 1))
        assert.strictEqual((yield* readAll("range/long.csv")).length, 10 * mebibyte)
      }),
    )

    it.effect("says that an object is missing, whichever way it is asked for", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        yield* store.put("gone/folder/1.csv", text("x"))
        for (const key of ["gone/1.csv", "gone/folder", "gone/folder/1.csv/2.csv"]) {
          assert.deepStrictEqual(yield* (yield* StoreAdmin).stat(key), Option.none())
          assert.strictEqual(yield* reasonOf(Stream.runDrain(store.read(key))), "NotFound")
          assert.strictEqual(yield* reasonOf(store.readRange(key, 0, 1)), "NotFound")
        }
      }),
    )

    it.effect("honours conditions, and says so each time it is asked", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        assert.isTrue(yield* store.honoursConditions("conditions/probe"))
        assert.isTrue(yield* store.honoursConditions("conditions/probe"))
        assert.deepStrictEqual(yield* subject.leftovers, [])
      }),
    )

    for (const [size, bytes] of [
      ["of one request", 5],
      ["in parts", 2 * part],
    ] as const) {
      it.effect(
        `makes a fenced object ${size} once: the second is refused, and the first stays as it was`,
        () =>
          Effect.gen(function* () {
            const key = `fenced/${bytes}.csv`
            const make = (body: Uint8Array) =>
              Effect.scoped(
                Effect.gen(function* () {
                  const store = yield* ObjectStore
                  const writer = yield* store.create(key, "fenced")
                  yield* writer.write(body)
                  yield* writer.commit
                }),
              )
            yield* make(pattern(bytes))
            assert.strictEqual(yield* reasonOf(make(Buffer.alloc(bytes))), "Exists")
            assert.strictEqual(hash(yield* readAll(key)), hash(pattern(bytes)))
            assert.deepStrictEqual(yield* subject.leftovers, [])
          }),
      )
    }

    const bodyOf = (key: string) =>
      Effect.gen(function* () {
        const found = Option.getOrThrow(yield* (yield* ObjectStore).readVersion(key))
        return { text: String(Buffer.from(found.body)), version: Option.some(found.version) }
      })

    it.effect("has no version of an object that is not there", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        for (const key of ["versions/none.txt", "none/none.txt"])
          assert.deepStrictEqual(yield* store.readVersion(key), Option.none())
        assert.strictEqual(
          yield* reasonOf(store.replace("versions/none.txt", text("x"), Option.some("5"))),
          "Exists",
        )
      }),
    )

    it.effect("replaces the version that was read, and no version that is gone", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const key = "versions/1.txt"
        yield* store.replace(key, text("one"), Option.none())
        const first = yield* bodyOf(key)
        assert.strictEqual(yield* reasonOf(store.replace(key, text("other"), Option.none())), "Exists")
        const second = yield* store.replace(key, text("two"), first.version)
        assert.deepStrictEqual(yield* bodyOf(key), { text: "two", version: Option.some(second) })
        assert.strictEqual(yield* reasonOf(store.replace(key, text("late"), first.version)), "Exists")
        const third = yield* store.replace(key, text("three"), Option.some(second))
        yield* store.replace(key, text("four"), Option.some(third))
        assert.strictEqual(yield* reasonOf(store.replace(key, text("later"), first.version)), "Exists")
        assert.strictEqual((yield* bodyOf(key)).text, "four")
        assert.strictEqual(String(yield* readAll(key)), "four")
      }),
    )

    it.effect("gives the same bytes another version each time they are written", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const key = "versions/other.txt"
        const first = yield* store.replace(key, text("a 1"), Option.none())
        const second = yield* store.replace(key, text("b 2"), Option.some(first))
        assert.notStrictEqual(first, second)
      }),
    )

    it.effect("lets one of many replacements of a version succeed", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const key = "versions/race.txt"
        const first = yield* store.replace(key, text("begin"), Option.none())
        const tries = yield* Effect.forEach(
          [1, 2, 3, 4, 5, 6, 7, 8],
          (n) => Effect.exit(store.replace(key, text(`writer ${n}`), Option.some(first))),
          { concurrency: "unbounded" },
        )
        assert.strictEqual(tries.filter(Exit.isSuccess).length, 1)
      }),
    )

    it.effect("replaces what was put without a condition", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        const key = "versions/put.txt"
        yield* store.put(key, text("put"))
        const found = yield* bodyOf(key)
        assert.strictEqual(found.text, "put")
        assert.strictEqual(yield* reasonOf(store.replace(key, text("new"), Option.none())), "Exists")
        yield* store.replace(key, text("replaced"), found.version)
        assert.strictEqual((yield* bodyOf(key)).text, "replaced")
      }),
    )

    it.effect("removes an object once and for all, however often it is asked", () =>
      Effect.gen(function* () {
        const store = yield* ObjectStore
        yield* store.put("remove/1.csv", text("x"))
        yield* (yield* StoreAdmin).remove("remove/1.csv")
        yield* (yield* StoreAdmin).remove("remove/1.csv")
        yield* (yield* StoreAdmin).remove("never/was/here.csv")
        assert.deepStrictEqual(yield* (yield* StoreAdmin).stat("remove/1.csv"), Option.none())
        assert.deepStrictEqual(yield* keysOf("remove/"), [])
      }),
    )

    for (const key of [
      "",
      "../out.csv",
      "a/../../out.csv",
      "/root.csv",
      "a//b.csv",
      "a/.hidden",
      "a\\b.csv",
    ]) {
      it.effect(`writes nothing under ${JSON.stringify(key)}, which is no key`, () =>
        Effect.gen(function* () {
          const store = yield* ObjectStore
          assert.strictEqual(yield* reasonOf(store.put(key, text("x"))), "NotWritable")
          assert.strictEqual(yield* reasonOf(Effect.scoped(store.create(key))), "NotWritable")
          assert.deepStrictEqual(yield* (yield* StoreAdmin).stat(key), Option.none())
          assert.strictEqual(yield* reasonOf(Stream.runDrain(store.read(key))), "NotFound")
          assert.deepStrictEqual(yield* keysOf("../"), [])
        }),
      )
    }
  })
}
