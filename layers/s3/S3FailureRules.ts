/**
 * The reason of each failure of an S3 store, as data; docs/errors.md is generated from it. An unknown code is retried.
 *
 * Sources: AWS S3 API Reference, "Error responses"; MinIO's own codes, which begin with `XMinio`; Node's manual, "Common
 * system errors" (sockets); the names of the errors that the MinIO client raises by itself.
 */
import type { StoreReason } from "../../src/services/lake/StoreError.ts"

/** Codes of S3, of the client and of sockets. `…*` matches every code with this beginning. */
export const s3Rules: ReadonlyArray<readonly [StoreReason, ReadonlyArray<string>]> = [
  [
    "Unreachable",
    [
      "ECONNREFUSED",
      "ECONNRESET",
      "ECONNABORTED",
      "EPIPE",
      "EPROTO",
      "ETIMEDOUT",
      "EHOSTUNREACH",
      "EHOSTDOWN",
      "ENETUNREACH",
      "ENETDOWN",
      "EADDRNOTAVAIL",
      "ENOTFOUND",
      "EAI_AGAIN",
      "EAI_FAIL",
      "ERR_SOCKET_CLOSED",
      "ERR_SSL_*",
      "ABORT_ERR",
      "RequestTimeout",
    ],
  ],
  [
    "Busy",
    [
      "InternalError",
      "ServiceUnavailable",
      "SlowDown",
      "SlowDownRead",
      "SlowDownWrite",
      "TooManyRequests",
      "Throttling*",
      "RequestLimitExceeded",
      "BandwidthLimitExceeded",
      "OperationAborted",
      "XMinioServerNotInitialized",
      "XMinioBackendDown",
    ],
  ],
  [
    "Denied",
    [
      "AccessDenied",
      "AllAccessDisabled",
      "AccountProblem",
      "InvalidAccessKeyId",
      "SignatureDoesNotMatch",
      "ExpiredToken",
      "InvalidToken",
      "InvalidTokenId",
      "TokenRefreshRequired",
      "InvalidSecurity",
      "NotSignedUp",
      "NotDeviceOwnerError",
      "UserSuspended",
      "InvalidPayer",
    ],
  ],
  ["Clock", ["RequestTimeTooSkewed", "RequestExpired"]],
  [
    "Region",
    [
      "AuthorizationHeaderMalformed",
      "MovedPermanently",
      "PermanentRedirect",
      "TemporaryRedirect",
      "IllegalLocationConstraintException",
      "InvalidLocationConstraint",
    ],
  ],
  ["BucketMissing", ["NoSuchBucket"]],
  ["BucketName", ["InvalidBucketName", "InvalidBucketNameError"]],
  ["BucketTaken", ["BucketAlreadyExists"]],
  [
    "ObjectLock",
    [
      "MissingUploadObjectWithObjectLockHeaders",
      "InvalidRetentionPeriod",
      "NoSuchObjectLockConfiguration",
      "ObjectLocked",
      "XMinioObjectLockInvalidMode",
    ],
  ],
  [
    "Encryption",
    [
      "KMS.*",
      "KMSNotConfigured",
      "InvalidEncryptionAlgorithmError",
      "InvalidEncryptionMethod",
      "ServerSideEncryptionConfigurationNotFoundError",
      "XMinioKMS*",
      "XMinioInsecureSSECustomerRequest",
    ],
  ],
  ["NotFound", ["NoSuchKey", "NoSuchVersion", "NotFound"]],
  ["Exists", ["PreconditionFailed", "ConditionalRequestConflict"]],
  // From stores that keep objects as files: `a` and `a/b` cannot both exist.
  ["InTheWay", ["XMinioObjectExistsAsDirectory", "XMinioParentIsObject"]],
  [
    "Full",
    [
      "XMinioStorageFull",
      "XMinioAdminBucketQuotaExceeded",
      "QuotaExceeded",
      "InsufficientStorage",
      "InsufficientCapacity",
    ],
  ],
  [
    "Refused",
    [
      "InvalidRequest",
      "InvalidArgument",
      "InvalidStorageClass",
      "InvalidTag",
      "InvalidObjectState",
      "InvalidBucketState",
      "InvalidURI",
      "InvalidAddressingHeader",
      "KeyTooLongError",
      "MetadataTooLarge",
      "EntityTooLarge",
      "EntityTooSmall",
      "MethodNotAllowed",
      "NotImplemented",
      "MissingContentLength",
      "MissingContentMD5",
      "MissingRequestBodyError",
      "MissingSecurityHeader",
      "MalformedXML",
      "UnsupportedOperation",
      "UnexpectedContent",
      "RestoreAlreadyInProgress",
      "TooManyBuckets",
      "XMinioInvalidObjectName",
    ],
  ],
  // The request was damaged, or the upload was lost: the batch begins again and sends everything anew.
  [
    "Broken",
    [
      "BadDigest",
      "InvalidDigest",
      "IncompleteBody",
      "XAmzContentSHA256Mismatch",
      "NoSuchUpload",
      "InvalidPart",
    ],
  ],
]

/** Messages that change the reason of a code. */
export const s3Words: ReadonlyArray<{
  readonly code: string
  readonly says: RegExp
  readonly reason: StoreReason
  readonly example: string
}> = [
  {
    code: "InvalidRequest",
    says: /Object Lock|Content-MD5/i,
    reason: "ObjectLock",
    example:
      "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
  },
  {
    code: "InvalidArgument",
    says: /\bKMS\b|encryption/i,
    reason: "Encryption",
    example: "Invalid KMS keyId",
  },
]
