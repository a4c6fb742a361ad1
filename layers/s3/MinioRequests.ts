/**
 * Requests that the client's own methods cannot send: `completeMultipartUpload` accepts no headers, so no condition, and
 * `putObject` leaves `Content-MD5` out over plain HTTP, which buckets with Object Lock require.
 */
import { createHash } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { Client } from "minio"

/** Conditions and metadata of one request. */
export type Headers = Readonly<Record<string, string>>

/** True if no object has the key yet. */
export const onlyIfNew: Headers = { "If-None-Match": "*" }
/** True if the object still has this version. */
export const onlyIf = (etag: string): Headers => ({ "If-Match": `"${etag}"` })

export const md5Of = (body: Uint8Array): Headers => ({
  "Content-MD5": createHash("md5").update(body).digest("base64"),
})

const textOf = async (response: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of response) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString("utf8")
}

/** Returns the etag of an answer without its quotes; empty if the store sends none. */
export const etagOf = ({ headers }: IncomingMessage): string => (headers.etag ?? "").replace(/^"|"$/g, "")

/** Writes a whole object in one request. Returns its etag. */
export const putBody = async (
  client: Client,
  bucketName: string,
  objectName: string,
  body: Buffer,
  headers: Headers,
): Promise<string> => {
  const response = await client.makeRequestAsync(
    { method: "PUT", bucketName, objectName, headers: { ...md5Of(body), ...headers } },
    body,
  )
  await textOf(response)
  return etagOf(response)
}

export interface UploadedPart {
  readonly part: number
  readonly etag: string
}

/** Completes an upload. The answer can be 200 with an error in the body. Source: AWS S3 API, CompleteMultipartUpload. */
export const completeUpload = async (
  client: Client,
  bucketName: string,
  objectName: string,
  uploadId: string,
  parts: ReadonlyArray<UploadedPart>,
  headers: Headers,
): Promise<void> => {
  const listed = parts.map(
    ({ part, etag }) => `<Part><PartNumber>${part}</PartNumber><ETag>${etag}</ETag></Part>`,
  )
  const body = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${listed.join("")}</CompleteMultipartUpload>`
  const query = `uploadId=${encodeURIComponent(uploadId)}`
  const response = await client.makeRequestAsync(
    { method: "POST", bucketName, objectName, query, headers: { ...headers } },
    body,
  )
  const answer = await textOf(response)
  if (answer.includes("<CompleteMultipartUploadResult")) return
  const [, code = ""] = /<Code>([^<]*)<\/Code>/.exec(answer) ?? []
  const [, message = ""] = /<Message>([^<]*)<\/Message>/.exec(answer) ?? []
  throw Object.assign(new Error(message), { code })
}

/** True for the answer of a store without conditional writes: 501. */
export const isUnknownCondition = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "NotImplemented"

/**
 * Sends a request that is never repeated without its condition. If the store does not know conditions any more, the failure
 * is transient: the next take-over will notice it.
 */
export const fenced = <A>(send: Promise<A>): Promise<A> =>
  send.catch((cause: unknown) => {
    throw isUnknownCondition(cause) ? new Error("the store does not know conditional writes any more") : cause
  })

/** True if the store refuses a body without a checksum. Sources: AWS S3, Object Lock; moto. */
export const asksForMd5 = (cause: unknown): boolean =>
  cause instanceof Error &&
  "code" in cause &&
  (cause.code === "MissingUploadObjectWithObjectLockHeaders" ||
    (cause.code === "InvalidRequest" && /content-md5/i.test(cause.message)))
