/**
 * Stands between one seat and the S3 server. Tells the seat what passes, and does to requests what networks do: loses
 * them before they arrive, delivers them late or by half, and loses the answer to what was done.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { setTimeout } from "node:timers/promises"
import type { Dice } from "./Dice.ts"
import type { Seat } from "./Seat.ts"
import { listening } from "./sourceProxy.ts"
import type { Moment } from "./steps.ts"

export const faults = ["lost", "late", "half", "busy", "answer lost", "answer half"] as const
export type Fault = (typeof faults)[number]

export interface StoreProxy {
  readonly port: number
  readonly faults: ReadonlyMap<Fault, number>
  readonly requests: () => number
  readonly close: () => void
}

interface Answer {
  readonly status: number
  readonly headers: ReadonlyArray<string>
  readonly body: Buffer
}

type Kind = "object" | "watermark" | "other"

const kindOf = ({ method, url = "" }: IncomingMessage): Kind => {
  if (method !== "PUT" && method !== "POST") return "other"
  return url.includes("/inc/_watermark.txt") ? "watermark" : /\/inc\/.*\/cdc_/.test(url) ? "object" : "other"
}

/** A part, or the beginning of an upload in parts, shows nothing to anybody yet. */
const makesVisible = ({ url = "" }: IncomingMessage): boolean => !/[?&](uploads|partNumber)\b/.test(url)

const bodyOf = async (message: IncomingMessage): Promise<Buffer> => {
  const pieces: Array<Buffer> = []
  for await (const piece of message) pieces.push(piece)
  return Buffer.concat(pieces)
}

export const startStoreProxy = async (
  seat: Seat,
  endpoint: URL,
  dice: Dice,
  faultChance: number,
): Promise<StoreProxy> => {
  const agent = new Agent({ keepAlive: true })
  const counts = new Map<Fault, number>(faults.map((fault) => [fault, 0]))
  // Which process a connection belongs to: of one that is dead nothing more is heard.
  const generations = new WeakMap<Socket, number>()
  let requests = 0

  /** Sends what the client sent, the signed header lines as they are; of the body perhaps only the first half. */
  const forward = (asked: IncomingMessage, body: Buffer, half: boolean, onSent: () => void) =>
    new Promise<Answer>((resolve, reject) => {
      const { method, url } = asked
      const sent = request(
        { host: endpoint.hostname, port: endpoint.port, method, path: url, headers: asked.headers, agent },
        (answer) => {
          const { statusCode: status = 502, rawHeaders: headers } = answer
          bodyOf(answer).then((read) => resolve({ status, headers, body: read }), reject)
        },
      )
      sent.on("error", reject)
      if (half)
        return void sent.write(body.subarray(0, body.length >> 1), () => sent.destroy(new Error("cut")))
      sent.end(body, onSent)
    })

  const handle = async (asked: IncomingMessage, response: ServerResponse): Promise<void> => {
    const generation = generations.get(asked.socket) ?? -1
    const kind = kindOf(asked)
    const passes = (stage: "Asked" | "Half" | "Sent" | "Answered") => {
      if (kind === "other" || (kind === "watermark" && stage === "Half")) return false
      // The names of the moments are made of just these parts.
      return seat.passes(`${kind}${stage}` as Moment, generation)
    }
    const lose = () => void asked.socket.destroy()
    requests++
    const fault = dice.chance(faultChance) ? dice.one(faults) : undefined
    if (fault !== undefined) counts.set(fault, (counts.get(fault) ?? 0) + 1)

    if (passes("Asked") || fault === "lost") return lose()
    const body = await bodyOf(asked)
    if (fault === "late") await setTimeout(dice.between(50, 800))
    if (fault === "busy") return void response.writeHead(503).end()
    const half = passes("Half") || fault === "half"
    // What a dead process had not sent whole by now is lost with its connection.
    if (asked.socket.destroyed && !half) return
    const answer = await forward(asked, body, half, () => void passes("Sent"))
    if (makesVisible(asked) && answer.status < 300 && passes("Answered")) return lose()
    if (fault === "answer lost") return lose()
    response.writeHead(answer.status, [...answer.headers])
    if (fault !== "answer half") return void response.end(answer.body)
    response.write(answer.body.subarray(0, answer.body.length >> 1), () => lose())
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, (asked, response) => {
    handle(asked, response).catch(() => asked.socket.destroy())
  })
  const sockets = new Set<Socket>()
  server.on("connection", (socket: Socket) => {
    generations.set(socket, seat.generation)
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
    socket.on("error", () => {})
  })
  return {
    port: await listening(server),
    faults: counts,
    requests: () => requests,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      agent.destroy()
    },
  }
}
