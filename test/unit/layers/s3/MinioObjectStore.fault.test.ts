import { assert, describe, it, vi } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Option, Stream } from "effect"
import * as MinioObjectStore from "../../../../layers/s3/MinioObjectStore.ts"
import { partBytes } from "../../../../layers/s3/multipart/PartSizes.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { StoreAdmin } from "../../../../src/services/lake/StoreAdmin.ts"
import { keysOf, readAll, write } from "../../../contract/objectStoreContract.ts"
import {
  type Answer,
  type Asked,
  type ScriptedS3,
  s3Error,
  scriptedS3,
  uploadBegun,
  uploadCompleted,
  withPatience,
} from "../../../support/s3/scriptedS3.ts"

const mebibyte = 1024 * 1024
const part = partBytes(1)
/** Milliseconds of patience for silence: so few that a test can wait for their end, and more than a test may take. */
const [little, endless] = [300, 600_000]
const missing: Answer = { status: 404 }
const done: Answer = { status: 200, headers: { etag: '"e"' } }

const on = <A, E, R>(server: ScriptedS3, effect: Effect.Effect<A, E, R>) =>
  Effect.provide(effect, MinioObjectStore.layer(server.options))

const put = Effect.flatMap(ObjectStore, (store) => store.put("a.csv", Buffer.from("x")))

const isComplete = (asked: Asked) => asked.method === "POST" && asked.url.includes("uploadId=")

/** What the server does for an upload in which nothing goes wrong. */
const upload = (asked: Asked): Answer => {
  if (asked.method === "HEAD") return missing
  if (asked.method === "POST") return isComplete(asked) ? uploadCompleted : uploadBegun
  return asked.method === "DELETE" ? { status: 204 } : done
}

describe("MinioObjectStore, when the server misbehaves", () => {
  const troubles: Record<string, [Answer, string]> = {
    "errors of its own": [{ status: 500 }, "Busy"],
    overload: [s3Error(503, "SlowDown"), "Busy"],
    "broken connections": ["reset", "Unreachable"],
    silence: ["silence", "Unreachable"],
    "bytes that are not HTTP": ["garbage", "Broken"],
    "a page of a proxy": [{ status: 400, body: "<html><body>Bad gateway</body></html>" }, "Broken"],
    "a full disk": [s3Error(507, "XMinioStorageFull"), "Full"],
    "a refusal": [s3Error(403, "SignatureDoesNotMatch"), "Denied"],
    "a wrong clock": [s3Error(403, "RequestTimeTooSkewed"), "Clock"],
  }
  for (const [trouble, [answer, reason]] of Object.entries(troubles)) {
    it.live(`takes ${trouble} for ${reason}, in every call`, () =>
      Effect.gen(function* () {
        const scripted = yield* scriptedS3(() => answer)
        const server = answer === "silence" ? withPatience(scripted, little) : scripted
        const calls: ReadonlyArray<
          Effect.Effect<unknown, { readonly reason: string }, ObjectStore | StoreAdmin>
        > = [
          put,
          readAll("a.csv"),
          keysOf(""),
          write("a.csv", Buffer.from("x")),
          write("a.csv", Buffer.alloc(9 * mebibyte)),
          Effect.flatMap(ObjectStore, (store) => store.check("inc")),
          Effect.flatMap(StoreAdmin, (admin) => admin.prepare),
          Effect.flatMap(ObjectStore, (store) => store.readRange("a.csv", 1, 2)),
          Effect.flatMap(ObjectStore, (store) => store.honoursConditions("a.csv")),
          Effect.flatMap(StoreAdmin, (admin) => admin.remove("a.csv")),
        ]
        const failures = yield* Effect.forEach(calls, (call) => on(server, Effect.flip(call)), {
          concurrency: "unbounded",
        })
        // HEAD has no body: there a refusal is told by its status alone, and a full disk not at all.
        const told = failures.map((error) => error.reason)
        const headless: ReadonlyArray<string> =
          trouble === "a full disk" ? ["Broken"] : trouble === "a wrong clock" ? ["Denied"] : []
        assert.isTrue(
          told.every((one) => one === reason || headless.includes(one)),
          told.join(" "),
        )
      }),
    )
  }

  it.live("takes an answer that is not a list for Broken", () =>
    Effect.gen(function* () {
      const server = yield* scriptedS3(() => ({ status: 200, body: "<html>Welcome</html>" }))
      assert.strictEqual((yield* on(server, Effect.flip(keysOf("")))).reason, "Broken")
    }),
  )

  it.live("does not read a list for ever that never comes forward", () =>
    Effect.gen(function* () {
      const page = "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"
      const server = yield* scriptedS3(() => ({ status: 200, body: page }))
      assert.strictEqual((yield* on(server, Effect.flip(keysOf("")))).reason, "Broken")
    }),
  )

  it.live("overcomes two failures in a row without a word on the terminal", () =>
    Effect.gen(function* () {
      const warned = vi.spyOn(console, "warn")
      const server = yield* scriptedS3((_, count) => (count < 3 ? { status: 503, body: "busy" } : done))
      yield* on(server, put)
      assert.strictEqual(server.asked.length, 3)
      assert.strictEqual(warned.mock.calls.length, 0)
    }),
  )

  it.live("asks four times and no more", () =>
    Effect.gen(function* () {
      const server = yield* scriptedS3(() => ({ status: 503 }))
      yield* on(server, Effect.flip(put))
      assert.strictEqual(server.asked.length, 4)
    }),
  )

  it.live("does not repeat what a person must mend", () =>
    Effect.gen(function* () {
      const server = yield* scriptedS3(() => s3Error(403, "AccessDenied"))
      yield* on(server, Effect.flip(put))
      assert.strictEqual(server.asked.length, 1)
    }),
  )

  it.live("uses the connection again on which it was refused", () =>
    Effect.gen(function* () {
      const server = yield* scriptedS3(() => ({ status: 503, body: "busy" }))
      yield* on(
        server,
        Effect.gen(function* () {
          yield* Effect.flip(put)
          assert.strictEqual(server.connections(), 1)
        }),
      )
    }),
  )

  it.live("reads on when it is the reader who was slow", () =>
    Effect.gen(function* () {
      const body = Buffer.alloc(20 * mebibyte)
      const server = withPatience(yield* scriptedS3(() => ({ status: 200, body })), 1000)
      const slow = Effect.gen(function* () {
        const store = yield* ObjectStore
        let bytes = 0
        yield* Stream.runForEach(store.read("a.csv"), (piece) =>
          Effect.gen(function* () {
            // Three times the patience of the connection: what is tested is time itself.
            if (bytes === 0) yield* Effect.sleep("3 seconds")
            bytes += piece.length
          }),
        )
        return bytes
      })
      assert.strictEqual(yield* on(server, slow), body.length)
    }),
  )

  it.live("fails on an object that ends before it should", () =>
    Effect.gen(function* () {
      const server = yield* scriptedS3(() => ({
        status: 200,
        headers: { "content-length": "100", connection: "close" },
        body: "short",
      }))
      assert.strictEqual((yield* on(server, Effect.flip(readAll("a.csv")))).reason, "Unreachable")
    }),
  )
})

describe("MinioObjectStore, writing an object", () => {
  it.live("sends an object smaller than a part in one call, at commit", () =>
    Effect.gen(function* () {
      const server = yield* scriptedS3(upload)
      yield* on(server, write("a.csv", Buffer.alloc(part), 1000_000))
      assert.deepStrictEqual(
        server.asked.map((asked) => asked.method),
        ["HEAD", "PUT"],
      )
      assert.strictEqual(server.asked[1]?.headers["if-none-match"], "*")
    }),
  )

  it.live("has two parts under way, and never more", () =>
    Effect.gen(function* () {
      const server = yield* scriptedS3(upload)
      yield* on(server, write("a.csv", Buffer.alloc(10 * part), mebibyte))
      assert.strictEqual(server.mostAtOnce(), 2)
      const parts = server.asked.filter((asked) => asked.url.includes("partNumber"))
      assert.strictEqual(parts.length, 10)
    }),
  )

  it.live("sends a part again whose answer was lost", () =>
    Effect.gen(function* () {
      let lost = false
      const server = yield* scriptedS3((asked) => {
        if (!lost && asked.url.includes("partNumber=1")) {
          lost = true
          return "reset"
        }
        return upload(asked)
      })
      yield* on(server, write("a.csv", Buffer.alloc(20 * mebibyte), mebibyte))
      const first = server.asked.filter((asked) => asked.url.includes("partNumber=1"))
      assert.deepStrictEqual(
        first.map((asked) => asked.body.length),
        [part, part],
      )
    }),
  )

  for (const [bytes, loss] of [
    [1, "reset"],
    [1, "silence"],
    [9 * mebibyte, "reset"],
    [9 * mebibyte, "silence"],
  ] as const) {
    it.live(`knows its own object of ${bytes} bytes again when the commit is answered by ${loss}`, () =>
      Effect.gen(function* () {
        let writer = ""
        const scripted = yield* scriptedS3((asked) => {
          const tag = asked.headers["x-amz-meta-afluente-writer"]
          if (asked.method === "HEAD") {
            return writer === ""
              ? missing
              : { status: 200, headers: { "x-amz-meta-afluente-writer": writer } }
          }
          if (asked.method === "POST" && !isComplete(asked)) {
            began = String(tag)
            return uploadBegun
          }
          if (isComplete(asked) || (asked.method === "PUT" && tag !== undefined)) {
            writer = tag === undefined ? began : String(tag)
            return loss
          }
          return upload(asked)
        })
        let began = ""
        const server = loss === "silence" ? withPatience(scripted, little) : scripted
        assert.deepStrictEqual(yield* on(server, write("a.csv", Buffer.alloc(bytes))), { bytes })
      }),
    )
  }

  it.live("takes another writer's object for another's when the answer to the commit is lost", () =>
    Effect.gen(function* () {
      let sent = false
      const server = yield* scriptedS3((asked) => {
        if (asked.method === "HEAD") return sent ? done : missing
        sent = true
        return "reset"
      })
      const error = yield* on(server, Effect.flip(write("a.csv", Buffer.from("x"))))
      assert.strictEqual(error.reason, "Exists")
    }),
  )

  it.live("does without conditional writes where the server has none", () =>
    Effect.gen(function* () {
      const server = yield* scriptedS3((asked) =>
        asked.headers["if-none-match"] === undefined ? upload(asked) : s3Error(501, "NotImplemented"),
      )
      yield* on(server, write("a.csv", Buffer.from("x")))
    }),
  )

  for (const [how, answer] of [
    ["does not know them", s3Error(501, "NotImplemented")],
    ["passes over them", done],
  ] as const) {
    it.live(`says that conditional writes are missing where the server ${how}`, () =>
      Effect.gen(function* () {
        const server = yield* scriptedS3(() => answer)
        const refuses = Effect.flatMap(ObjectStore, (store) => store.honoursConditions("a.csv"))
        assert.isFalse(yield* on(server, refuses))
        assert.strictEqual(server.asked[0]?.headers["if-none-match"], "*")
      }),
    )
  }

  it.live("ends a fenced write that meets a store without conditions, and sends none without", () =>
    Effect.gen(function* () {
      const server = yield* scriptedS3(({ method }) =>
        method === "PUT" ? s3Error(501, "NotImplemented") : { status: 404 },
      )
      const calls = [
        Effect.flatMap(ObjectStore, (store) => store.replace("a.txt", Buffer.from("x"), Option.none())),
        Effect.scoped(
          Effect.gen(function* () {
            const writer = yield* (yield* ObjectStore).create("a.csv", "fenced")
            yield* writer.write(Buffer.from("x"))
            yield* writer.commit
          }),
        ),
      ]
      for (const call of calls)
        assert.isTrue((yield* on(server, Effect.flip(Effect.asVoid(call)))).isRetryable)
      const puts = server.asked.filter(({ method }) => method === "PUT")
      assert.isTrue(puts.length >= 2 && puts.every(({ headers }) => headers["if-none-match"] === "*"))
    }),
  )

  it.live("aborts the upload when a part is refused, and says why", () =>
    Effect.gen(function* () {
      const server = yield* scriptedS3((asked) =>
        asked.url.includes("partNumber=2") ? s3Error(507, "XMinioStorageFull") : upload(asked),
      )
      const error = yield* on(server, Effect.flip(write("a.csv", Buffer.alloc(60 * mebibyte), mebibyte)))
      assert.strictEqual(error.reason, "Full")
      const aborted = server.asked.find((asked) => asked.method === "DELETE")
      assert.strictEqual(aborted?.url, "/lake/a.csv?uploadId=upload-1")
      assert.isFalse(server.asked.some(isComplete))
    }),
  )

  it.live("never completes an upload after a part of it was lost", () =>
    Effect.gen(function* () {
      const server = yield* scriptedS3((asked) =>
        asked.url.includes("partNumber=1") ? s3Error(403, "AccessDenied") : upload(asked),
      )
      yield* on(
        server,
        Effect.gen(function* () {
          const store = yield* ObjectStore
          const writer = yield* store.create("a.csv")
          const writes = Effect.forEach(Array.from({ length: 6 }), () => writer.write(Buffer.alloc(part)))
          yield* Effect.flip(writes)
          assert.strictEqual((yield* Effect.flip(writer.commit)).reason, "Denied")
        }).pipe(Effect.scoped),
      )
      assert.isFalse(server.asked.some(isComplete))
    }),
  )

  it.live("publishes nothing of an object whose upload could not be begun", () =>
    Effect.gen(function* () {
      let mayBegin = false
      const server = yield* scriptedS3((asked) =>
        asked.method === "POST" && !mayBegin ? s3Error(507, "XMinioStorageFull") : upload(asked),
      )
      yield* on(
        server,
        Effect.gen(function* () {
          const store = yield* ObjectStore
          const writer = yield* store.create("a.csv")
          yield* Effect.flip(writer.write(Buffer.alloc(9 * mebibyte)))
          mayBegin = true
          assert.strictEqual((yield* Effect.flip(writer.commit)).reason, "Full")
        }).pipe(Effect.scoped),
      )
      assert.isFalse(server.asked.some((asked) => asked.method === "PUT" || isComplete(asked)))
    }),
  )

  it.live("stops at once when it is interrupted while the server is silent, and aborts the upload", () =>
    Effect.gen(function* () {
      const partArrived = yield* Deferred.make<void>()
      const server = yield* scriptedS3((asked) => {
        if (!asked.url.includes("partNumber")) return upload(asked)
        Deferred.doneUnsafe(partArrived, Exit.void)
        return "silence"
      })
      const patient = withPatience(server, endless)
      const fiber = yield* Effect.forkChild(
        on(patient, write("a.csv", Buffer.alloc(40 * mebibyte), mebibyte)),
      )
      yield* Deferred.await(partArrived)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(server.asked.some((asked) => asked.method === "DELETE"))
    }),
  )

  it.live("lets go of an upload that the server does not let it abort", () =>
    Effect.gen(function* () {
      const server = withPatience(
        yield* scriptedS3((asked) => {
          if (asked.method === "DELETE") return "silence"
          return asked.url.includes("partNumber") ? s3Error(403, "AccessDenied") : upload(asked)
        }),
        endless,
      )
      const error = yield* on(server, Effect.flip(write("a.csv", Buffer.alloc(30 * mebibyte))))
      assert.strictEqual(error.reason, "Denied")
    }),
  )

  it.live("puts a large body in one call too", () =>
    Effect.gen(function* () {
      const server = yield* scriptedS3(() => done)
      const body = Buffer.alloc(65 * mebibyte)
      yield* on(
        server,
        Effect.flatMap(ObjectStore, (store) => store.put("a.csv", body)),
      )
      assert.deepStrictEqual(
        server.asked.map((asked) => asked.body.length),
        [body.length],
      )
    }),
  )
})
