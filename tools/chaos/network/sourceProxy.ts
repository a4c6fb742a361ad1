/**
 * Stands between one process and PostgreSQL, and knows the calls of the durable steps by their words. Cuts all
 * connections when asked to, as a network does.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"
import type { CdcProcess } from "../process/CdcProcess.ts"
import type { Moment } from "../steps.ts"

export interface SourceProxy {
  readonly port: number
  /** Breaks every connection at once. */
  readonly cut: () => void
  readonly close: () => void
}

const words: ReadonlyArray<readonly [string, Moment]> = [
  ["pg_try_advisory_lock(", "lockAsked"],
  ["pg_current_wal_flush_lsn", "lookAsked"],
  ["pg_logical_slot_peek_changes", "peekAsked"],
  ["pg_replication_slot_advance", "advanceAsked"],
]

/** What the first bytes of an answer mean, by what was asked last on the connection. */
const answered: Partial<Record<Moment, Moment>> = {
  lookAsked: "lookAnswered",
  advanceAsked: "advanceAnswered",
}

export const startSourceProxy = async (
  process: () => CdcProcess,
  serverPort: number,
): Promise<SourceProxy> => {
  const pairs = new Set<readonly [Socket, Socket]>()
  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
  }
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: serverPort, host: "127.0.0.1", noDelay: true })
    const pair = [client, upstream] as const
    pairs.add(pair)
    const part = () => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    let expected: Moment | undefined

    client.on("data", (bytes) => {
      const moment = words.find(([word]) => bytes.includes(word))?.[1]
      if (moment !== undefined && process().passes(moment)) return part()
      if (moment !== undefined) expected = answered[moment]
      upstream.write(bytes, () => void (moment === "advanceAsked" && process().passes("advanceSent")))
    })
    upstream.on("data", (bytes) => {
      const moment = expected
      expected = undefined
      if (moment !== undefined && process().passes(moment)) return part()
      // A slow reader must slow the server down, not fill our memory.
      if (!client.write(bytes)) upstream.pause()
    })
    client.on("drain", () => upstream.resume())
    for (const socket of pair) {
      socket.on("error", part)
      socket.on("close", part)
    }
  })
  return {
    port: await listening(server),
    cut,
    close: () => {
      server.close()
      cut()
    },
  }
}

/** A free port of the loopback interface. */
export const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    // An address of the kind that a TCP server has.
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
  })
