/**
 * As much of S3 as the program needs, on a loopback port, and nothing of what it is sent is kept: so that a figure tells of
 * the program and not of a store. Only the watermark, which the program reads again, is remembered.
 */
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { Effect, type Scope } from "effect"
import type { Environment } from "../../../test/support/program/program.ts"

const bucket = "lake"
const etag = '"0"'
const xml = (body: string) => `<?xml version="1.0"?>${body}`

const drained = (request: IncomingMessage): Promise<void> =>
  new Promise((resolve, reject) => {
    request.on("error", reject).on("end", resolve).resume()
  })

const whole = async (request: IncomingMessage): Promise<Buffer> => {
  const pieces: Array<Buffer> = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** Lives as long as the scope. What it remembers it forgets with it. */
export const discardingS3: Effect.Effect<Environment, never, Scope.Scope> = Effect.gen(function* () {
  let watermark: Buffer | undefined
  const sockets = new Set<Socket>()
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://s3")
    const ofWatermark = pathname.endsWith("/_watermark.txt")
    const key = pathname.slice(`/${bucket}/`.length)
    const asXml = (body: string) =>
      response.writeHead(200, { "content-type": "application/xml" }).end(xml(body))

    if (request.method === "PUT" && ofWatermark) watermark = await whole(request)
    else await drained(request)
    if (request.method === "PUT") response.writeHead(200, { etag }).end()
    else if (request.method === "DELETE") response.writeHead(204).end()
    else if (searchParams.has("uploads")) {
      asXml("<InitiateMultipartUploadResult><UploadId>upload</UploadId></InitiateMultipartUploadResult>")
    } else if (request.method === "POST") {
      asXml(
        `<CompleteMultipartUploadResult><Location>http://s3</Location><Bucket>${bucket}</Bucket><Key>${key}</Key><ETag>${etag}</ETag></CompleteMultipartUploadResult>`,
      )
    } else if (key === "") asXml("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
    else if (!ofWatermark || watermark === undefined) {
      const body = request.method === "HEAD" ? "" : xml("<Error><Code>NoSuchKey</Code></Error>")
      response.writeHead(404, { "content-type": "application/xml" }).end(body)
    } else {
      const about = { etag, "content-length": watermark.length, "last-modified": new Date(0).toUTCString() }
      response.writeHead(200, about).end(request.method === "HEAD" ? "" : watermark)
    }
  })
  server.on("connection", (socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.sync(() => {
        server.close()
        for (const socket of sockets) socket.destroy()
      }),
  )
  const { port } = server.address() as AddressInfo // of the kind that a TCP server has
  return {
    LAKE_URL: `s3://${bucket}`,
    MINIO_ENDPOINT: `http://127.0.0.1:${port}`,
    MINIO_ACCESS_KEY: "bench",
    MINIO_SECRET_KEY: "bench-secret",
  }
})
