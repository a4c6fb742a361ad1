import { assert, describe, it } from "@effect/vitest"
import { Runtime } from "effect"
import { minioError } from "../../../../layers/s3/MinioErrors.ts"
import { s3Rules, s3Words } from "../../../../layers/s3/S3FailureRules.ts"

/** An error as the client makes it from an answer: a code, words, and the rest of the XML as properties. */
const answered = (code: string) =>
  Object.assign(new Error(`words about ${code}`), { name: "S3Error", code, stringtosign: "AWS4-HMAC-SHA256" })

const reasonOf = (cause: unknown) => minioError(cause, "s3://lake/a.csv", "lake").reason

describe("Errors of S3", () => {
  const codes = {
    ECONNREFUSED: ["Unreachable", "tried again"],
    ECONNRESET: ["Unreachable", "tried again"],
    ENOTFOUND: ["Unreachable", "tried again"],
    EAI_AGAIN: ["Unreachable", "tried again"],
    ETIMEDOUT: ["Unreachable", "tried again"],
    EPIPE: ["Unreachable", "tried again"],
    ABORT_ERR: ["Unreachable", "tried again"],
    RequestTimeout: ["Unreachable", "tried again"],
    DEPTH_ZERO_SELF_SIGNED_CERT: ["Tls", 2],
    CERT_HAS_EXPIRED: ["Tls", 2],
    ERR_TLS_CERT_ALTNAME_INVALID: ["Tls", 2],
    ERR_SSL_WRONG_VERSION_NUMBER: ["Tls", 2],
    ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC: ["Unreachable", "tried again"],
    SlowDown: ["Busy", "tried again"],
    InternalError: ["Busy", "tried again"],
    ServiceUnavailable: ["Busy", "tried again"],
    ThrottlingException: ["Busy", "tried again"],
    OperationAborted: ["Busy", "tried again"],
    XMinioServerNotInitialized: ["Busy", "tried again"],
    AccessDenied: ["Denied", 2],
    InvalidAccessKeyId: ["Denied", 2],
    SignatureDoesNotMatch: ["Denied", 2],
    ExpiredToken: ["Denied", 2],
    RequestTimeTooSkewed: ["Clock", 2],
    AuthorizationHeaderMalformed: ["Region", 2],
    PermanentRedirect: ["Region", 2],
    NoSuchBucket: ["BucketMissing", 2],
    InvalidBucketName: ["BucketName", 2],
    BucketAlreadyExists: ["BucketTaken", 2],
    MissingUploadObjectWithObjectLockHeaders: ["ObjectLock", 2],
    "KMS.NotFoundException": ["Encryption", 2],
    XMinioKMSDefaultKeyAlreadyConfigured: ["Encryption", 2],
    NoSuchKey: ["NotFound", 2],
    NotFound: ["NotFound", 2],
    PreconditionFailed: ["Exists", 3],
    XMinioStorageFull: ["Full", "tried again"],
    XMinioAdminBucketQuotaExceeded: ["Full", "tried again"],
    QuotaExceeded: ["Full", "tried again"],
    InvalidArgument: ["Refused", 2],
    InvalidStorageClass: ["Refused", 2],
    MethodNotAllowed: ["Refused", 2],
    NotImplemented: ["Refused", 2],
    EntityTooLarge: ["Refused", 2],
    KeyTooLongError: ["Refused", 2],
    BadDigest: ["Broken", "tried again"],
    NoSuchUpload: ["Broken", "tried again"],
    HPE_INVALID_CONSTANT: ["Broken", "tried again"],
    SomethingNew: ["Broken", "tried again"],
  }
  for (const [code, [reason, end]] of Object.entries(codes)) {
    it(`take ${code} for ${reason}, ${end}`, () => {
      const error = minioError(answered(code), "s3://lake/a.csv", "lake")
      const told = [error.reason, error.isRetryable ? "tried again" : error[Runtime.errorExitCode]]
      assert.deepStrictEqual(told, [reason, end])
    })
  }

  for (const { code, reason, example } of s3Words) {
    it(`take ${code} for ${reason} where it says "${example}"`, () => {
      assert.strictEqual(reasonOf(Object.assign(new Error(example), { code })), reason)
    })
  }

  it("have each code in one row", () => {
    const all = s3Rules.flatMap(([, listed]) => listed)
    assert.strictEqual(new Set(all).size, all.length)
  })

  for (const status of [408, 429, 500, 502, 503, 504]) {
    it(`take HTTP ${status}, of which the client keeps the number only, for Busy`, () => {
      const words = `Request failed after 0 retries: Error: Retryable HTTP status: ${status}`
      const error = minioError(new Error(words), "s3://lake/a.csv", "lake")
      assert.strictEqual(error.reason, "Busy")
      assert.include(error.message, `the server answered HTTP ${status}`)
    })
  }

  it("take an error that the client throws as plain XML by its code", () => {
    assert.strictEqual(reasonOf({ Code: "NoSuchBucket", Message: "gone" }), "BucketMissing")
  })

  it("take whatever else is thrown for Broken", () => {
    for (const cause of [new Error("odd"), new TypeError("odd"), "odd", undefined, null, {}]) {
      assert.strictEqual(reasonOf(cause), "Broken")
    }
  })

  it("name the lower-case bucket to use", () => {
    const refused = Object.assign(new Error("Invalid bucket name : RAW"), { name: "InvalidBucketNameError" })
    const error = minioError(refused, "s3://RAW", "RAW")
    assert.strictEqual(error.reason, "BucketName")
    assert.include(error.message, '"RAW" is no name for a bucket; use "raw"')
  })

  it("suggest no bucket where lower case does not mend the name", () => {
    assert.notInclude(minioError(answered("InvalidBucketName"), "s3://x", "x").detail, "use")
  })

  it("name the clock where it is the clock", () => {
    assert.include(minioError(answered("RequestTimeTooSkewed"), "s3://lake", "lake").message, "clock")
  })

  it("keep the signed request that S3 sends back out of what is logged", () => {
    const error = minioError(answered("SignatureDoesNotMatch"), "s3://lake", "lake")
    assert.notInclude(JSON.stringify(error), "AWS4-HMAC-SHA256")
    assert.deepStrictEqual(Object.keys(error.cause ?? {}), [])
  })
})
