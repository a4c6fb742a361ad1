/**
 * Stands between one process and the S3 server. Reports what passes, keeps requests back, and does to them what networks
 * and stores do: loses them, delivers them late or by half, refuses them, and loses the answer to what was done.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { setTimeout } from "node:timers/promises"
import type { CdcProcess } from "../process/CdcProcess.ts"
import type { DurableStep, Moment, StepName } from "../steps.ts"
import type { HeldRequests } from "../strike/HeldRequests.ts"
import type { StoreTrouble } from "../strike/StoreTrouble.ts"
import { listening } from "./sourceProxy.ts"

export interface StoreProxyOptions {
  readonly process: () => CdcProcess
  readonly endpoint: URL
  readonly held: HeldRequests
  readonly trouble: StoreTrouble
  /** Told of every durable step that the store has answered, by status; `none` where there was no answer. */
  readonly onAnswer: (sender: CdcProcess, step: StepName, answer: string) => void
}

interface Answer {
  readonly status: number
  readonly headers: ReadonlyArray<string>
  readonly body: Buffer
}

type Kind = DurableStep | "part" | "other"

const kindOf = ({ method, url = "" }: IncomingMessage): Kind => {
  if (method !== "PUT" && method !== "POST") return "other"
  if (url.includes("/inc/_watermark.txt")) return "watermark"
  if (!/\/inc\/.*\/cdc_/.test(url)) return "other"
  // A part, or the beginning of an upload in parts, shows nothing to anybody yet.
  if (/[?&](uploads|partNumber)\b/.test(url)) return "part"
  return method === "POST" ? "completion" : "object"
}

/** A watermark says in its lines what it is written for: another epoch, another position, or neither. */
const stepNameOf = (kind: DurableStep, body: Buffer, sender: CdcProcess): StepName => {
  if (kind === "object") return "data object (PUT)"
  if (kind === "completion") return "data object (CompleteMultipartUpload)"
  const [position = "", ...lines] = body.toString("utf8").split("\n")
  const epoch = lines.find((line) => line.startsWith("epoch="))
  if (epoch === undefined) return "watermark"
  const last = sender.lastWatermark
  sender.lastWatermark = { epoch, position }
  if (last?.epoch !== epoch) return "watermark of a take-over"
  return last.position === position ? "watermark that announces a name" : "watermark that confirms"
}

const bodyOf = async (message: IncomingMessage): Promise<Buffer> => {
  const pieces: Array<Buffer> = []
  for await (const piece of message) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** Of all proxies: what was received whole is sent even when its own proxy is closed. */
const agent = new Agent({ keepAlive: true })

/** Sends what the client sent, the signed header lines as they are; of the body perhaps only the first half. */
const forward = (endpoint: URL, asked: IncomingMessage, body: Buffer, half: boolean, onSent: () => void) =>
  new Promise<Answer>((resolve, reject) => {
    const { method, url, headers: sentHeaders } = asked
    const target = {
      host: endpoint.hostname,
      port: endpoint.port,
      method,
      path: url,
      headers: sentHeaders,
      agent,
    }
    const sent = request(target, (answer) => {
      const { statusCode: status = 502, rawHeaders: headers } = answer
      bodyOf(answer).then((read) => resolve({ status, headers, body: read }), reject)
    })
    sent.on("error", reject)
    if (half) return void sent.write(body.subarray(0, body.length >> 1), () => sent.destroy(new Error("cut")))
    sent.end(body, onSent)
  })

export const startStoreProxy = async (options: StoreProxyOptions) => {
  const { endpoint, held, trouble, onAnswer } = options

  const handle = async (asked: IncomingMessage, response: ServerResponse): Promise<void> => {
    const process = options.process()
    const kind = kindOf(asked)
    const passes = (stage: "Asked" | "Half" | "Sent" | "Answered") => {
      if (kind === "other" || (kind === "part" && stage === "Answered")) return false
      if (stage === "Half" && (kind === "completion" || kind === "watermark")) return false
      // The names of the moments are made of just these words.
      return process.passes(`${kind === "part" ? "object" : kind}${stage}` as Moment)
    }
    const lose = () => void asked.socket.destroy()
    const fault = trouble.draw(asked.method !== "PUT" && asked.method !== "POST")

    if (fault !== undefined) process.note(`${asked.method} ${kind} fault ${fault}`)
    if (passes("Asked") || fault === "lost") return lose()
    const body = await bodyOf(asked)
    if (fault === "denied") process.wasDenied = true
    const refusal = trouble.refusalFor(fault)
    if (refusal !== undefined)
      return void response.writeHead(refusal.status, { "Content-Type": "application/xml" }).end(refusal.body)
    const durable = kind === "other" || kind === "part" ? undefined : kind
    const step = durable && stepNameOf(durable, body, process)
    await setTimeout(trouble.delayMillis(fault, durable !== undefined))
    const half = passes("Half") || fault === "half"
    const hold = durable && step && !half ? held.take(process, durable, step) : undefined
    await hold?.released
    const note = (answer: string) => {
      process.note(`${asked.method} ${kind} ${answer}`)
      if (hold !== undefined) held.answered(hold, answer)
      if (step !== undefined && !half) onAnswer(process, step, answer)
    }
    const answer = await forward(endpoint, asked, body, half, () => void passes("Sent")).catch((cause) => {
      note("none")
      throw cause
    })
    note(String(answer.status))
    if (answer.status < 300 && passes("Answered")) return lose()
    if (fault === "answer lost") return lose()
    response.writeHead(answer.status, [...answer.headers])
    if (fault !== "answer half") return void response.end(answer.body)
    response.write(answer.body.subarray(0, answer.body.length >> 1), lose)
  }

  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (asked, response) => {
    handle(asked, response).catch(() => asked.socket.destroy())
  })
  const sockets = new Set<Socket>()
  server.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
    socket.on("error", () => {})
  })
  return {
    port: await listening(server),
    /** Ends its connections; what was received whole and is held back is still sent when it is released. */
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
