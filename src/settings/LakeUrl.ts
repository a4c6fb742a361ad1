/** The address of the lake: `s3://bucket[/prefix]`, `file:./folder` or `file:/absolute/folder`. The setting `LAKE_URL`. */
import { Result } from "effect"

export type LakeUrl =
  | { readonly _tag: "Folder"; readonly path: string }
  | { readonly _tag: "Bucket"; readonly bucket: string; readonly prefix: string }

/** Returns why S3 does not allow the bucket's name, or undefined. Source: Amazon S3, "Bucket naming rules". */
const bucketProblem = (bucket: string): string | undefined => {
  if (/[A-Z]/.test(bucket)) {
    return `S3 forbids capitals in the name of a bucket: "${bucket}" cannot exist, use "${bucket.toLowerCase()}"`
  }
  if (
    !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) ||
    bucket.includes("..") ||
    /^\d+(\.\d+){3}$/.test(bucket)
  ) {
    return `S3 forbids the bucket name "${bucket}": 3 to 63 lower-case letters, digits, dots and hyphens are allowed`
  }
  return undefined
}

export const parseLakeUrl = (text: string): Result.Result<LakeUrl, string> => {
  if (text.startsWith("file:")) {
    const path = text.slice("file:".length).replace(/^\/\/(?=\/)/, "")
    const unexpanded = /^(~[^/]*|\$\{?\w+\}?)/.exec(path)?.[0]
    if (unexpanded !== undefined) {
      return Result.fail(
        `"${unexpanded}" is not expanded here: write the folder out, or file:./${path} if it really has this name`,
      )
    }
    return path === "" || path.startsWith("//")
      ? Result.fail("a folder is expected after file:")
      : Result.succeed({ _tag: "Folder", path })
  }
  const parts = /^s3:\/\/([^/]*)(?:\/(.*))?$/.exec(text)
  if (parts?.[1] === undefined) return Result.fail("it must begin with s3:// or file:")
  const problem = bucketProblem(parts[1])
  if (problem !== undefined) return Result.fail(problem)
  const prefix = (parts[2] ?? "").replace(/\/+$/, "")
  return Result.succeed({ _tag: "Bucket", bucket: parts[1], prefix: prefix === "" ? "" : `${prefix}/` })
}
