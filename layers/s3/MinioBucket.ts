/** One bucket through the MinIO client: calls as effects, which can be interrupted and fail with `StoreError`. */

import { Effect, Fiber, Redacted, Schedule, type Scope } from "effect"
import type { Client } from "minio"
import type { StoreError } from "../../src/services/lake/StoreError.ts"
import { StopSignal } from "../../src/services/StopSignal.ts"
import { minioError } from "./MinioErrors.ts"
import { makeTransport, withSignal } from "./MinioTransport.ts"
import { s3Error } from "./S3Remedies.ts"

export interface MinioOptions {
  /** `http://host:9000` or `https://host`; no path. */
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: Redacted.Redacted<string>
  readonly sessionToken?: Redacted.Redacted<string>
  readonly region: string
  readonly bucket: string
  /** Folder of the lake inside the bucket; empty for the whole bucket. */
  readonly prefix: string
  /** A connection is closed after this many milliseconds without traffic; 30 000 by default. */
  readonly idleMillis?: number
}

export interface MinioBucket {
  readonly name: string
  readonly location: string
  /** What the store requires: known once it has refused a request without it. */
  readonly demands: { md5: boolean }
  /** The name of an object in messages. */
  readonly subjectOf: (objectName: string) => string
  /** A call about an object (or the bucket, if the name is empty), sent once. */
  readonly once: <A>(objectName: string, call: (client: Client) => Promise<A>) => Effect.Effect<A, StoreError>
  /** Like `once`, for a call that may be repeated: retries a few times quickly. The caller retries for longer. */
  readonly call: MinioBucket["once"]
}

const quickTries = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("1 second")]).pipe(
  Schedule.jittered,
  // A server that does not answer for 30 s is not called four times.
  Schedule.upTo({ times: 3, duration: "10 seconds" }),
)

/** Retries a call up to three times within a few seconds while the store is unreachable or busy. */
export const retryQuickly = <A, R>(effect: Effect.Effect<A, StoreError, R>) =>
  Effect.retry(effect, {
    schedule: quickTries,
    while: ({ reason }) => reason === "Unreachable" || reason === "Busy",
  })

/** After a stop request, the longest wait for an answer. */
const lastWait = "3 seconds"

/**
 * Runs a call whose outcome must be known: otherwise its effect could not be undone, or could happen twice. An interruption
 * waits for the outcome, but after a stop request no longer than `lastWait`.
 */
export const untilKnown = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const stop = yield* StopSignal
      const fiber = yield* Effect.forkChild(call)
      const waited = Effect.raceFirst(
        Fiber.await(fiber),
        Effect.andThen(stop.requested, Effect.sleep(lastWait)),
      )
      return yield* restore(Fiber.join(fiber)).pipe(
        Effect.onInterrupt(() => Effect.andThen(waited, Fiber.interrupt(fiber))),
      )
    }),
  )

/** S3 accepts a body of up to 5 GiB in one PUT. The client would stream a body larger than its part size in parts. */
const neverCut = 5 * 1024 * 1024 * 1024

/** Connects to nothing yet. Connections are closed with the scope. */
export const openBucket = (options: MinioOptions): Effect.Effect<MinioBucket, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const prefix = options.prefix === "" ? "" : `/${options.prefix}`
    const location = `s3://${options.bucket}${prefix} at ${options.endpoint}`
    const client = yield* connect(options, location)

    const once: MinioBucket["once"] = (objectName, call) =>
      Effect.tryPromise({
        try: (signal) => withSignal(signal, () => call(client)),
        catch: (cause) => minioError(cause, subjectOf(objectName), options.bucket),
      })
    const subjectOf = (objectName: string) =>
      objectName === "" ? location : `s3://${options.bucket}/${objectName}`
    return {
      name: options.bucket,
      location,
      demands: { md5: false },
      subjectOf,
      once,
      call: (objectName, call) => retryQuickly(once(objectName, call)),
    }
  })

const connect = (options: MinioOptions, location: string) =>
  Effect.gen(function* () {
    const endpoint = URL.canParse(options.endpoint) ? new URL(options.endpoint) : undefined
    if (endpoint === undefined || !/^https?:$/.test(endpoint.protocol) || endpoint.pathname !== "/") {
      return yield* s3Error({
        reason: "Unreachable",
        subject: location,
        detail: "the endpoint must be a URL without a path, as http://localhost:9000",
      })
    }
    const secure = endpoint.protocol === "https:"
    const { agent, ...transport } = yield* Effect.acquireRelease(
      Effect.sync(() => makeTransport(secure, options.idleMillis ?? 30_000)),
      ({ agent }) => Effect.sync(() => agent.destroy()),
    )
    // Loaded when first needed: it is the slowest module to load, and `--help` does not need it.
    const { Client } = yield* Effect.promise(() => import("minio"))
    return yield* Effect.try({
      try: () =>
        new Client({
          // An IPv6 address has brackets only in a URL.
          endPoint: endpoint.hostname.replace(/^\[|\]$/g, ""),
          port: endpoint.port === "" ? (secure ? 443 : 80) : Number(endpoint.port),
          useSSL: secure,
          accessKey: options.accessKey,
          secretKey: Redacted.value(options.secretKey),
          ...(options.sessionToken && { sessionToken: Redacted.value(options.sessionToken) }),
          region: options.region,
          transport,
          transportAgent: agent,
          partSize: neverCut,
          // The client's own retries print to the terminal and lose the server's error.
          retryOptions: { disableRetry: true },
        }),
      catch: (cause) => minioError(cause, location, options.bucket),
    })
  })
