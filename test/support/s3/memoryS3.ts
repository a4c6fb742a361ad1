/**
 * A small S3 server that keeps one bucket in memory, however it is called: as much of S3 as the program uses. What no real S3 does
 * on demand is done by `trouble`, which stands between the program and the bucket.
 */
import { createHash } from "node:crypto"
import { mkdir, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { Effect } from "effect"
import type { LakeFolder } from "../lake/lakeFolder.ts"
import type { Certificate } from "../network/certificates.ts"
import type { Environment } from "../program/program.ts"
import { type Answer, type Asked, s3Error, scriptedS3 } from "./scriptedS3.ts"

interface Kept {
  readonly body: Buffer
  readonly metadata: Readonly<Record<string, string>>
}

/** Gets the request, and what does it and tells what the bucket answers. */
export type Trouble = (asked: Asked, perform: () => Answer) => Answer | Promise<Answer>

const modified = "2025-11-03T10:15:30.000Z"
const etagOf = (body: Buffer) => `"${createHash("md5").update(body).digest("hex")}"`
const xml = (body: string): Answer => ({
  status: 200,
  headers: { "content-type": "application/xml" },
  body: `<?xml version="1.0"?>${body}`,
})

/** Metadata are the headers that begin so. */
const metadataOf = ({ headers }: Asked): Kept["metadata"] =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith("x-amz-meta-") ? [[name, String(value)]] : [],
    ),
  )

/** Which writes are refused where their condition does not hold. Some stores honour the header on PutObject alone, some nowhere. */
export type Conditions = "of all" | "of PutObject" | "of none"

/** With a certificate it speaks TLS alone. */
export const openMemoryS3 = Effect.fn("openMemoryS3")(function* (certificate?: Certificate) {
  const objects = new Map<string, Kept>()
  const uploads = new Map<
    string,
    { readonly key: string; readonly parts: Map<number, Buffer>; readonly metadata: Kept["metadata"] }
  >()
  let uploadsBegun = 0
  let trouble: Trouble = (_, perform) => perform()
  let conditions: Conditions = "of all"

  const list = (query: URLSearchParams): Answer => {
    const keys = [...objects.keys()].sort()
    const after = query.get("start-after") ?? ""
    const found = keys.filter((key) => key.startsWith(query.get("prefix") ?? "") && key > after)
    const contents = found.map((key) => {
      const { body } = objects.get(key) ?? { body: Buffer.alloc(0) }
      return `<Contents><Key>${key}</Key><LastModified>${modified}</LastModified><ETag>${etagOf(body)}</ETag><Size>${body.length}</Size></Contents>`
    })
    return xml(`<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join("")}</ListBucketResult>`)
  }

  const read = ({ method, headers }: Asked, key: string): Answer => {
    const kept = objects.get(key)
    if (kept === undefined) return method === "HEAD" ? { status: 404 } : s3Error(404, "NoSuchKey")
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? []
    const about = {
      etag: etagOf(kept.body),
      "last-modified": new Date(modified).toUTCString(),
      ...kept.metadata,
    }
    if (method === "HEAD")
      return { status: 200, headers: { ...about, "content-length": `${kept.body.length}` } }
    if (from === undefined) return { status: 200, headers: about, body: kept.body }
    const end = to === "" ? kept.body.length : Number(to) + 1
    return { status: 206, headers: about, body: kept.body.subarray(Number(from), end) }
  }

  /** What a condition that does not hold is answered with. */
  const refusal = ({ method, headers }: Asked, key: string): Answer | undefined => {
    if (conditions === "of none" || (conditions === "of PutObject" && method === "POST")) return undefined
    const kept = objects.get(key)
    const wanted = headers["if-match"]
    if (headers["if-none-match"] === "*" && kept !== undefined) return s3Error(412, "PreconditionFailed")
    if (wanted === undefined) return undefined
    if (kept === undefined) return s3Error(404, "NoSuchKey")
    return wanted === etagOf(kept.body) ? undefined : s3Error(412, "PreconditionFailed")
  }

  const write = (asked: Asked, key: string): Answer => {
    const refused = refusal(asked, key)
    if (refused !== undefined) return refused
    objects.set(key, { body: asked.body, metadata: metadataOf(asked) })
    return { status: 200, headers: { etag: etagOf(asked.body) } }
  }

  const ofUpload = (asked: Asked, key: string, id: string, query: URLSearchParams): Answer => {
    const upload = uploads.get(id)
    if (upload === undefined) return s3Error(404, "NoSuchUpload")
    if (asked.method === "PUT") {
      upload.parts.set(Number(query.get("partNumber")), asked.body)
      return { status: 200, headers: { etag: etagOf(asked.body) } }
    }
    const refused = asked.method === "POST" ? refusal(asked, key) : undefined
    if (refused !== undefined) return refused
    uploads.delete(id)
    if (asked.method === "DELETE") return { status: 204 }
    const parts = [...upload.parts].sort(([a], [b]) => a - b).map(([, body]) => body)
    const body = Buffer.concat(parts)
    objects.set(key, { body, metadata: upload.metadata })
    return xml(
      `<CompleteMultipartUploadResult><Bucket>lake</Bucket><Key>${key}</Key><ETag>${etagOf(body)}</ETag></CompleteMultipartUploadResult>`,
    )
  }

  const perform = (asked: Asked): Answer => {
    const { pathname, searchParams: query } = new URL(asked.url, "http://s3")
    const key = decodeURIComponent(pathname.replace(/^\/[^/]+\/?/, ""))
    const id = query.get("uploadId")
    if (id !== null) return ofUpload(asked, key, id, query)
    if (key === "") return list(query)
    if (query.has("uploads")) {
      const begun = `upload-${++uploadsBegun}`
      uploads.set(begun, { key, parts: new Map(), metadata: metadataOf(asked) })
      return xml(
        `<InitiateMultipartUploadResult><UploadId>${begun}</UploadId></InitiateMultipartUploadResult>`,
      )
    }
    if (asked.method === "PUT") return write(asked, key)
    if (asked.method === "DELETE") {
      objects.delete(key)
      return { status: 204 }
    }
    return read(asked, key)
  }

  const { options, asked } = yield* scriptedS3((one) => trouble(one, () => perform(one)), certificate)
  const environment: Environment = {
    LAKE_URL: "s3://lake",
    MINIO_ENDPOINT: options.endpoint,
    MINIO_ACCESS_KEY: options.accessKey,
    MINIO_SECRET_KEY: "a-secret",
  }
  return {
    options,
    asked,
    environment,
    suffer: (what: Trouble) =>
      Effect.sync(() => {
        trouble = what
      }),
    heal: Effect.sync(() => {
      trouble = (_, done) => done()
    }),
    honour: (which: Conditions) =>
      Effect.sync(() => {
        conditions = which
      }),
    keys: Effect.sync(() => [...objects.keys()].sort()),
    /** Names of the objects whose uploads were neither finished nor taken back. */
    unfinished: Effect.sync(() => [...uploads.values()].map(({ key }) => key)),
    /** Brings the objects into a folder, where they can be read like any lake. */
    copyTo: ({ folder }: LakeFolder) =>
      Effect.promise(async () => {
        for (const [key, { body }] of objects) {
          await mkdir(dirname(join(folder, key)), { recursive: true })
          await writeFile(join(folder, key), body)
        }
      }),
  }
})

export const memoryS3 = openMemoryS3()

export type MemoryS3 = Effect.Success<typeof memoryS3>
