/** A network between a program and a server on this machine, which breaks and falls silent when it is told to. */
import { connect, createServer, type Socket } from "node:net"
import { Effect, type Scope } from "effect"
import { eventually } from "../eventually.ts"
import { listening } from "./ports.ts"

export interface TcpProxy {
  readonly port: number
  /** How many connections were ever asked for. */
  readonly asked: () => number
  /** Breaks every connection, as a reset does. */
  readonly cut: Effect.Effect<void>
  /** From now on nothing passes and no connection ends; new ones are accepted and hear nothing. */
  readonly freeze: Effect.Effect<void>
  /** What was held back passes, and everything after it. */
  readonly thaw: Effect.Effect<void>
  /** Freezes when a client has sent this text and the server has got it; what it gives back waits for that. */
  readonly freezeOnceAsked: (text: string) => Effect.Effect<Effect.Effect<void>>
}

export interface TcpProxyOptions {
  /** The server's bytes as they shall go on, each piece by itself; undefined resets the connection. */
  readonly answer?: (bytes: Buffer) => ReadonlyArray<Buffer> | undefined
}

/** Long enough that the system does not put two pieces together again. */
const betweenPiecesMillis = 30

export const tcpProxy = (
  serverPort: number,
  { answer = (bytes) => [bytes] }: TcpProxyOptions = {},
): Effect.Effect<TcpProxy, never, Scope.Scope> =>
  Effect.gen(function* () {
    const sockets = new Set<Socket>()
    let asked = 0
    let frozen = false
    let awaited: string | undefined

    const hold = () => {
      frozen = true
      for (const socket of sockets) socket.pause()
    }
    /** A server whose client does not read has to wait, as in any network: nothing piles up in here. */
    const waitFor = (to: Socket, from: Socket) => {
      if (to.writableNeedDrain) from.pause()
    }
    const deliver = (to: Socket, pieces: ReadonlyArray<Buffer>) =>
      pieces.forEach((piece, i) => {
        if (i === 0) to.write(piece)
        else setTimeout(() => to.write(piece), i * betweenPiecesMillis)
      })

    const server = createServer((client) => {
      asked++
      const upstream = connect(serverPort, "127.0.0.1")
      const part = () => {
        for (const socket of [client, upstream]) {
          sockets.delete(socket)
          socket.resetAndDestroy()
        }
      }
      for (const socket of [client, upstream]) {
        sockets.add(socket)
        socket.on("error", part).on("close", part)
        if (frozen) socket.pause()
      }
      client.on("drain", () => frozen || upstream.resume())
      upstream.on("drain", () => frozen || client.resume())
      client.on("data", (bytes) => {
        upstream.write(bytes)
        waitFor(upstream, client)
        if (awaited === undefined || !bytes.includes(awaited)) return
        awaited = undefined
        hold()
      })
      upstream.on("data", (bytes: Buffer) => {
        const pieces = answer(bytes)
        if (pieces === undefined) part()
        else deliver(client, pieces)
        waitFor(client, upstream)
      })
    })
    const port = yield* listening(server, () => {
      for (const socket of sockets) socket.destroy()
    })
    return {
      port,
      asked: () => asked,
      cut: Effect.sync(() => {
        for (const socket of sockets) socket.resetAndDestroy()
      }),
      freeze: Effect.sync(hold),
      thaw: Effect.sync(() => {
        frozen = false
        for (const socket of sockets) socket.resume()
      }),
      freezeOnceAsked: (text) =>
        Effect.sync(() => {
          awaited = text
          return eventually(
            `a client asks for ${text}`,
            Effect.sync(() => frozen),
          )
        }),
    }
  })
