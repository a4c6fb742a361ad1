/** The lake's address, and the keys to it. */
import { Effect, Option, type Redacted, Result } from "effect"
import { parseLakeUrl } from "./LakeUrl.ts"
import { first, parsed, parsedIfSet, type Reading, secret, text, together } from "./SettingReading.ts"
import { settingTable } from "./SettingTable.ts"

export interface S3Access {
  readonly endpoint: URL
  readonly accessKey: string
  readonly secretKey: Redacted.Redacted
  readonly sessionToken: Option.Option<Redacted.Redacted>
  readonly region: string
}

const parseEndpoint = (value: string): Result.Result<URL, string> => {
  const url = URL.canParse(value) ? new URL(value) : undefined
  return (url?.protocol === "http:" || url?.protocol === "https:") &&
    url.pathname === "/" &&
    url.username === ""
    ? Result.succeed(url)
    : Result.fail("an http or https address without path and user is expected")
}

const s3: Reading<Option.Option<S3Access>> = Effect.gen(function* () {
  const read = yield* together({
    endpoint: first(
      parsedIfSet("MINIO_ENDPOINT", parseEndpoint),
      parsedIfSet("AWS_ENDPOINT_URL_S3", parseEndpoint),
    ),
    accessKey: first(text("MINIO_ACCESS_KEY"), text("AWS_ACCESS_KEY_ID")),
    secretKey: first(secret("MINIO_SECRET_KEY"), secret("AWS_SECRET_ACCESS_KEY")),
    sessionToken: secret("AWS_SESSION_TOKEN"),
    region: first(text("MINIO_REGION"), text("AWS_REGION")),
  })
  return Option.map(Option.all({ accessKey: read.accessKey, secretKey: read.secretKey }), (keys) => ({
    ...keys,
    endpoint: Option.getOrElse(read.endpoint, () => new URL(settingTable.MINIO_ENDPOINT.fallback)),
    sessionToken: read.sessionToken,
    region: Option.getOrElse(read.region, () => settingTable.MINIO_REGION.fallback),
  }))
})

export const lakeUrl = parsed("LAKE_URL", parseLakeUrl)

const parseUmask = (value: string): Result.Result<number, string> =>
  /^0?0?[0-7]{1,2}$/.test(value)
    ? Result.succeed(Number.parseInt(value, 8))
    : Result.fail(
        "three octal digits are expected, of which the first is 0: this user must read and write the lake itself",
      )

/** The permissions that files and folders of a lake in a folder do not give. */
export const lakeUmask = parsed("LAKE_UMASK", parseUmask)

/** Returns none if the lake is a folder and no keys are set. Fails for a bucket without keys. */
export const keysWhereNeeded = Effect.gen(function* () {
  const lake = yield* Effect.option(lakeUrl)
  const access = yield* s3
  if (Option.isNone(lake) || lake.value._tag === "Folder" || Option.isSome(access)) return access
  return yield* Effect.fail([
    "MINIO_ACCESS_KEY, MINIO_SECRET_KEY: both are needed to reach the bucket (or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY). For a lake in a folder set LAKE_URL=file:./lake",
  ])
})
