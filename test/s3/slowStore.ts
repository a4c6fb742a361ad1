/** A network to the S3 server that receives each request whole and lets it through when a rule says so. */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http"
import { Effect, type Scope } from "effect"
import { listening } from "../support/network/ports.ts"

export interface SlowStore {
  readonly endpoint: string
  /** Requests that wait for their rule. */
  readonly waiting: () => number
}

/** Resolves when the request may go on; none where it need not wait. */
export type Rule = (method: string, path: string) => Promise<void> | undefined

/** What a reader of the lake sees the effect of: an object as a whole, the completion of its parts, the watermark. */
export const isDurable = (method: string, path: string): boolean =>
  (method === "PUT" || method === "POST") &&
  /\/inc\/(.*\/cdc_|_watermark)/.test(path) &&
  !/[?&](uploads|partNumber)\b/.test(path)

/** Told of what the store answered to each request, whether its sender still hears it or not. */
export type OnAnswer = (path: string, status: number, wasHeld: boolean) => void

export const slowStore = (
  target: string,
  rule: Rule,
  onAnswer: OnAnswer = () => {},
): Effect.Effect<SlowStore, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { hostname, port: targetPort } = new URL(target)
    const agent = new Agent({ keepAlive: true })
    let waiting = 0

    const handle = async (asked: IncomingMessage, response: ServerResponse) => {
      const { method = "GET", url = "/", headers } = asked
      const pieces: Array<Buffer> = []
      for await (const piece of asked) pieces.push(piece)
      const held = rule(method, url)
      if (held !== undefined) {
        waiting++
        await held
        waiting--
      }
      const sent = request({ host: hostname, port: targetPort, method, path: url, headers, agent })
      sent.on("error", () => asked.socket.destroy())
      sent.on("response", (answer) => {
        onAnswer(url, answer.statusCode ?? 502, held !== undefined)
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
        answer.pipe(response)
      })
      sent.end(Buffer.concat(pieces))
    }
    const server = createServer((asked, response) => {
      response.on("error", () => {})
      handle(asked, response).catch(() => asked.socket.destroy())
    })
    const port = yield* listening(server, () => {
      server.closeAllConnections()
      agent.destroy()
    })
    return { endpoint: `http://127.0.0.1:${port}`, waiting: () => waiting }
  })
