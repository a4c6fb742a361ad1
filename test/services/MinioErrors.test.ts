import { assert, describe, it } from "@effect/vitest"
import { minioError } from "../../layers/MinioErrors.ts"

/** An error as the client makes it from an answer: a code, words, and the rest of the XML as properties. */
const answered = (code: string) =>
  Object.assign(new Error(`words about ${code}`), { name: "S3Error", code, stringtosign: "AWS4-HMAC-SHA256" })

const reasonOf = (cause: unknown) => minioError(cause, "s3://lake/a.csv", "lake").reason

describe("Errors of S3", () => {
  const codes = {
    ECONNREFUSED: "Unreachable",
    ECONNRESET: "Unreachable",
    ENOTFOUND: "Unreachable",
    EAI_AGAIN: "Unreachable",
    ETIMEDOUT: "Unreachable",
    EPIPE: "Unreachable",
    ABORT_ERR: "Unreachable",
    DEPTH_ZERO_SELF_SIGNED_CERT: "Tls",
    CERT_HAS_EXPIRED: "Tls",
    ERR_TLS_CERT_ALTNAME_INVALID: "Tls",
    ERR_SSL_WRONG_VERSION_NUMBER: "Tls",
    ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC: "Unreachable",
    SlowDown: "Unreachable",
    InternalError: "Unreachable",
    ServiceUnavailable: "Unreachable",
    XMinioServerNotInitialized: "Unreachable",
    AccessDenied: "Denied",
    InvalidAccessKeyId: "Denied",
    SignatureDoesNotMatch: "Denied",
    ExpiredToken: "Denied",
    RequestTimeTooSkewed: "Denied",
    AuthorizationHeaderMalformed: "Denied",
    NoSuchBucket: "BucketMissing",
    InvalidBucketName: "BucketName",
    NoSuchKey: "NotFound",
    NotFound: "NotFound",
    PreconditionFailed: "Exists",
    XMinioStorageFull: "Full",
    XMinioAdminBucketQuotaExceeded: "Full",
    QuotaExceeded: "Full",
    HPE_INVALID_CONSTANT: "Broken",
    InvalidRange: "Broken",
    SomethingNew: "Broken",
  }
  for (const [code, reason] of Object.entries(codes)) {
    it(`take ${code} for ${reason}`, () => assert.strictEqual(reasonOf(answered(code)), reason))
  }

  for (const status of [408, 429, 500, 502, 503, 504]) {
    it(`take HTTP ${status}, of which the client keeps the number only, for Unreachable`, () => {
      const words = `Request failed after 0 retries: Error: Retryable HTTP status: ${status}`
      const error = minioError(new Error(words), "s3://lake/a.csv", "lake")
      assert.strictEqual(error.reason, "Unreachable")
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
