/** An HTTP server on a free loopback port that behaves as badly as it is told: for what no real S3 does on demand. */
import { readFileSync } from "node:fs"
import { createServer, type IncomingMessage, type RequestListener } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { Socket } from "node:net"
import { Effect, Redacted, type Scope } from "effect"
import type { MinioOptions } from "../../../layers/s3/MinioBucket.ts"
import type { Certificate } from "../network/certificates.ts"
import { listening } from "../network/ports.ts"

export interface Asked {
  readonly method: string
  /** Path and query, as sent. */
  readonly url: string
  readonly headers: IncomingMessage["headers"]
  readonly body: Buffer
}

export type Answer =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string | Buffer }
  | "reset"
  | "silence"
  /** Bytes that are not HTTP. */
  | "garbage"
  /** Bytes as they are. */
  | { readonly raw: string }

export interface ScriptedS3 {
  /** Settings that lead to this server, with a bucket `lake`. */
  readonly options: MinioOptions
  readonly asked: ReadonlyArray<Asked>
  /** Connections that are open now. */
  readonly connections: () => number
  /** The largest number of requests that were under way at one time. */
  readonly mostAtOnce: () => number
}

/** With a certificate it speaks TLS alone. */
export const scriptedS3 = (
  answer: (asked: Asked, count: number) => Answer | Promise<Answer>,
  certificate?: Certificate,
): Effect.Effect<ScriptedS3, never, Scope.Scope> =>
  Effect.gen(function* () {
    const asked: Array<Asked> = []
    const sockets = new Set<Socket>()
    let underWay = 0
    let mostAtOnce = 0
    const listener: RequestListener = async (request, response) => {
      mostAtOnce = Math.max(mostAtOnce, ++underWay)
      response.on("close", () => underWay--)
      const pieces: Array<Buffer> = []
      try {
        for await (const piece of request) pieces.push(piece)
      } catch {
        return
      }
      const one = {
        method: request.method ?? "",
        url: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(pieces),
      }
      asked.push(one)
      const given = await answer(one, asked.length)
      if (given === "silence") return
      if (given === "reset") request.socket.resetAndDestroy()
      else if (given === "garbage") request.socket.end("SSH-2.0-OpenSSH_9.2\r\n")
      else if ("raw" in given) request.socket.end(given.raw)
      else response.writeHead(given.status, given.headers).end(given.body)
    }
    const server =
      certificate === undefined
        ? createServer(listener)
        : createTlsServer(
            { cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) },
            listener,
          )
    server.on("connection", (socket) => {
      sockets.add(socket)
      socket.on("close", () => sockets.delete(socket))
    })
    const port = yield* listening(server, () => {
      for (const socket of sockets) socket.destroy()
    })
    return {
      options: {
        endpoint: `${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}`,
        accessKey: "key",
        secretKey: Redacted.make("a-secret"),
        region: "us-east-1",
        bucket: "lake",
        prefix: "",
      },
      asked,
      connections: () => sockets.size,
      mostAtOnce: () => mostAtOnce,
    }
  })

/**
 * With another patience for silence than the program's. A little one is only for tests of silence: client and server
 * share a process here, and where that pauses, the server seems to be silent.
 */
export const withPatience = (server: ScriptedS3, idleMillis: number): ScriptedS3 => ({
  ...server,
  options: { ...server.options, idleMillis },
})

/** An error as S3 writes it. */
export const s3Error = (status: number, code: string, words = `words about ${code}`): Answer => ({
  status,
  headers: { "content-type": "application/xml" },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${words}</Message></Error>`,
})

export const uploadBegun: Answer = {
  status: 200,
  body: `<InitiateMultipartUploadResult><UploadId>upload-1</UploadId></InitiateMultipartUploadResult>`,
}

export const uploadCompleted: Answer = {
  status: 200,
  body:
    "<CompleteMultipartUploadResult><Location>http://lake</Location><Bucket>lake</Bucket><Key>a.csv</Key>" +
    '<ETag>"whole"</ETag></CompleteMultipartUploadResult>',
}
