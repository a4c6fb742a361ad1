/**
 * Stands between one seat and PostgreSQL, and knows the calls of the durable steps by their words. Cuts all connections
 * when asked to, as a network does.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"
import type { Seat } from "./Seat.ts"
import type { Moment } from "./steps.ts"

export interface SourceProxy {
  readonly port: number
  /** Breaks every connection at once; says how many there were. */
  readonly cut: () => number
  readonly close: () => void
}

const words: ReadonlyArray<readonly [string, Moment]> = [
  ["pg_try_advisory_lock(", "lockAsked"],
  ["pg_current_wal_flush_lsn", "lookAsked"],
  ["pg_logical_slot_peek_changes", "peekAsked"],
  ["pg_replication_slot_advance", "advanceAsked"],
]

export const startSourceProxy = async (seat: Seat, serverPort: number): Promise<SourceProxy> => {
  const pairs = new Set<readonly [Socket, Socket]>()
  const server = createServer({ noDelay: true }, (client) => {
    const generation = seat.generation
    const upstream = connect({ port: serverPort, host: "127.0.0.1", noDelay: true })
    const pair = [client, upstream] as const
    pairs.add(pair)
    const part = () => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    let isAdvancing = false

    client.on("data", (bytes) => {
      const moment = words.find(([word]) => bytes.includes(word))?.[1]
      if (moment !== undefined && seat.passes(moment, generation)) return part()
      const asksToAdvance = moment === "advanceAsked"
      isAdvancing ||= asksToAdvance
      upstream.write(bytes, () => void (asksToAdvance && seat.passes("advanceSent", generation)))
    })
    upstream.on("data", (bytes) => {
      const wasAdvancing = isAdvancing
      isAdvancing = false
      if (wasAdvancing && seat.passes("advanceAnswered", generation)) return part()
      // A slow reader must slow the server down, not fill our memory.
      if (!client.write(bytes)) upstream.pause()
    })
    client.on("drain", () => upstream.resume())
    for (const socket of pair) {
      socket.on("error", part)
      socket.on("close", part)
    }
  })
  const port = await listening(server)
  return {
    port,
    cut: () => {
      const count = pairs.size
      for (const pair of pairs) for (const socket of pair) socket.destroy()
      return count
    },
    close: () => {
      server.close()
      for (const pair of pairs) for (const socket of pair) socket.destroy()
    },
  }
}

/** A free port of the loopback interface. */
export const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    // An address of the kind that a TCP server has.
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
  })
