/**
 * Requests that the client's own methods cannot make: `completeMultipartUpload` takes no headers, so no condition, and
 * `putObject` leaves `Content-MD5` out over plain HTTP, which buckets with Object Lock demand.
 */
import { createHash } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { Client } from "minio"

/** Conditions and metadata of one request. */
export type Headers = Readonly<Record<string, string>>

/** Holds where no object has the key yet. */
export const onlyIfNew: Headers = { "If-None-Match": "*" }
/** Holds where the object still has the version that was read. */
export const onlyIf = (etag: string): Headers => ({ "If-Match": `"${etag}"` })

export const md5Of = (body: Uint8Array): Headers => ({
  "Content-MD5": createHash("md5").update(body).digest("base64"),
})

const textOf = async (response: IncomingMessage): Promise<string> => {
  const pieces: Array<Buffer> = []
  for await (const piece of response) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces).toString("utf8")
}

/** The version of an answer's object, without the quotes that HTTP puts around it; empty where the store sends none. */
export const etagOf = ({ headers }: IncomingMessage): string => (headers.etag ?? "").replace(/^"|"$/g, "")

/** A whole object in one request. Returns its etag. */
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

/** Source: AWS S3 API, CompleteMultipartUpload: it may answer 200 and report its failure in the body. */
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

/** A server without conditional writes answers 501 to the header. */
export const isUnknownCondition = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "NotImplemented"

/**
 * A request whose condition must hold: it is never sent again without it. A store that has come to ignore conditions is
 * found out by the next take-over, so this failure is transient.
 */
export const fenced = <A>(send: Promise<A>): Promise<A> =>
  send.catch((cause: unknown) => {
    throw isUnknownCondition(cause) ? new Error("the store does not know conditional writes any more") : cause
  })

/** Whether the store refuses a body for want of a checksum. Sources: AWS S3, Object Lock; moto. */
export const asksForMd5 = (cause: unknown): boolean =>
  cause instanceof Error &&
  "code" in cause &&
  (cause.code === "MissingUploadObjectWithObjectLockHeaders" ||
    (cause.code === "InvalidRequest" && /content-md5/i.test(cause.message)))
