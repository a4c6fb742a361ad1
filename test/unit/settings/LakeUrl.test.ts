import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { parseLakeUrl } from "../../../src/settings/LakeUrl.ts"

const lake = (text: string) => Result.getOrThrow(parseLakeUrl(text))
const why = (text: string) => Result.getOrThrow(Result.flip(parseLakeUrl(text)))

describe("LAKE_URL", () => {
  it("is a bucket, with a prefix or without", () => {
    assert.deepStrictEqual(lake("s3://raw"), { _tag: "Bucket", bucket: "raw", prefix: "" })
    assert.deepStrictEqual(lake("s3://raw/a/b/"), { _tag: "Bucket", bucket: "raw", prefix: "a/b/" })
  })

  it("is a folder, relative or absolute", () => {
    assert.deepStrictEqual(lake("file:./lake"), { _tag: "Folder", path: "./lake" })
    assert.deepStrictEqual(lake("file:/var/lake"), { _tag: "Folder", path: "/var/lake" })
    assert.deepStrictEqual(lake("file:///var/lake"), { _tag: "Folder", path: "/var/lake" })
  })

  it("refuses a folder that only a shell would expand", () => {
    for (const start of ["~", "~ana", "$HOME", "\u0024{HOME}"]) {
      assert.include(why(`file:${start}/lake`), `"${start}" is not expanded here`)
      assert.include(why(`file:${start}/lake`), `file:./${start}/lake`)
    }
    assert.deepStrictEqual(lake("file:./~/lake"), { _tag: "Folder", path: "./~/lake" })
  })

  it("names the lower-case bucket to use instead of RAW", () => {
    assert.include(why("s3://RAW"), 'use "raw"')
  })

  it("refuses buckets that S3 forbids", () => {
    for (const bucket of ["", "ab", "a_b", "-raw", "raw-", "a..b", "192.168.0.1", "a".repeat(64)]) {
      assert.include(why(`s3://${bucket}`), "S3 forbids", bucket)
    }
  })

  it("refuses other schemes and an empty folder", () => {
    for (const text of ["raw", "gs://raw", "file:", "http://host/raw"]) {
      assert.isTrue(Result.isFailure(parseLakeUrl(text)), text)
    }
  })
})
