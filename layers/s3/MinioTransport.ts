/**
 * A transport that adds to the MinIO client what it has no options for: calls can be aborted, connections to a silent server
 * time out, and an answer that the client drops does not keep its connection open.
 */
import { AsyncLocalStorage } from "node:async_hooks"
import * as http from "node:http"
import type { RequestOptions } from "node:https"
import * as https from "node:https"

const cutOff = new AsyncLocalStorage<AbortSignal>()

/** Runs a call of the client. `signal` aborts its requests and unread answers. */
export const withSignal = <A>(signal: AbortSignal, call: () => Promise<A>): Promise<A> =>
  cutOff.run(signal, call)

// The client converts these to an error without reading the body (`retryHttpCodes` in its `request.ts`).
const unread = new Set([408, 429, 499, 500, 502, 503, 504, 520])

/** True for the answer of a TLS server written in Go, such as MinIO, to plain HTTP. The client would drop its text. */
const isOfTlsPort = ({ statusCode, httpVersion }: http.IncomingMessage): boolean =>
  statusCode === 400 && httpVersion === "1.0"
const tlsSpoken = () => Object.assign(new Error("plain HTTP to a TLS port"), { code: "ERR_SSL_HTTP_REQUEST" })

export interface Transport {
  readonly request: typeof http.request
  readonly agent: http.Agent
}

/** HTTP or HTTPS. A connection times out after `idleMillis` without traffic, the look-up of the name included. */
export const makeTransport = (secure: boolean, idleMillis: number): Transport => {
  const agent = secure ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true })
  const send = secure ? https.request : http.request

  const request = (options: RequestOptions, onResponse: (response: http.IncomingMessage) => void) => {
    const signal = cutOff.getStore()
    let response: http.IncomingMessage | undefined
    const sent = send({ ...options, timeout: idleMillis, ...(signal && { signal }) }, (answer) => {
      response = answer
      if (!secure && isOfTlsPort(answer)) return void sent.destroy(tlsSpoken())
      if (unread.has(answer.statusCode ?? 0)) answer.resume()
      onResponse(answer)
    })
    sent.on("timeout", () => {
      // Bytes are buffered and unread: we are slow, not the server.
      if (response !== undefined && response.readableLength > 0) return void sent.setTimeout(idleMillis)
      const silence = Object.assign(new Error(`no answer for ${idleMillis / 1000} s`), { code: "ETIMEDOUT" })
      ;(response ?? sent).destroy(silence)
    })
    return sent
  }
  // The client calls its transport with options and a listener only; the other overloads of `request` are never used.
  return { request: request as typeof http.request, agent }
}
