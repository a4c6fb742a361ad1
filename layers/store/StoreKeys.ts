/**
 * The rules for keys in every object store, so that a key that works in one works in all.
 * Source: a path must not leave its folder, a name that begins with a dot marks a file still being written,
 * and MinIO refuses empty, `.` and `..` parts.
 */
import { toBytes } from "../../src/core/bytes/Bytes.ts"
import { StoreError } from "../../src/services/lake/StoreError.ts"

const isPart = (part: string): boolean => part !== "" && !part.startsWith(".") && !/[\\\0]/.test(part)

/** True if an object can have this name: parts between `/`, none of them empty, hidden or `..`. */
export const isKey = (key: string): boolean => key.split("/").every(isPart)

/** True if the folders of a prefix (all but its last part) can hold objects. */
export const isPrefix = (prefix: string): boolean => prefix.split("/").slice(0, -1).every(isPart)

/** Orders keys by their UTF-8 bytes, as S3 lists them. JavaScript's own order differs beyond U+FFFF. */
export const compareKeys = (a: string, b: string): number => {
  const [left, right] = [toBytes(a), toBytes(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

/** The error for an invalid key: a key from a foreign watermark must not lead out of the lake. */
export const keyRefused = (key: string): StoreError =>
  new StoreError({
    reason: "NotWritable",
    subject: JSON.stringify(key),
    detail: "this is not the name of an object: no part may be empty, begin with a dot or hold a backslash",
  })

/** The error for an invalid key in a read: no object has it. */
export const notFound = (subject: string): StoreError =>
  new StoreError({ reason: "NotFound", subject, detail: "no object has this name" })

export const taken = (subject: string): StoreError =>
  new StoreError({ reason: "Exists", subject, detail: "an object with this name exists" })

export const outside = (subject: string, offset: number): StoreError =>
  new StoreError({ reason: "Broken", subject, detail: `the object ends before byte ${offset}` })
