/**
 * A connection pooler as a client sees one when it connects: the process id that the protocol announces is not that of
 * the server process. All else passes as it is.
 */
import { type TcpProxyOptions, tcpProxy } from "../network/tcpProxy.ts"

/** Type and length of BackendKeyData; the process id and a secret, of four bytes each, follow. */
const keyData = Buffer.from([0x4b, 0, 0, 0, 12])

const poolerPid = -7

const announceAnother: TcpProxyOptions = {
  answer: (bytes) => {
    const at = bytes.indexOf(keyData)
    if (at >= 0) bytes.writeInt32BE(poolerPid, at + keyData.length)
    return [bytes]
  },
}

/** Announces no process at all: the message is left out. */
const announceNone: TcpProxyOptions = {
  answer: (bytes) => {
    const at = bytes.indexOf(keyData)
    return at < 0 ? [bytes] : [Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 13)])]
  },
}

export const fakePooler = (serverPort: number, announced: "another" | "none" = "another") =>
  tcpProxy(serverPort, announced === "another" ? announceAnother : announceNone)
