/**
 * A server that speaks just enough of PostgreSQL's protocol to hear who connects: it asks for the password in clear,
 * takes every one, and answers `target_session_attrs`' questions as a primary or a standby.
 * Source: PostgreSQL manual, "Message Formats".
 */
import { createServer, type Server, type Socket } from "node:net"

/** What one client says when it connects. */
export interface Heard {
  readonly server: string
  readonly user: string | undefined
  readonly database: string | undefined
  readonly applicationName: string | undefined
  readonly options: string | undefined
  /** Undefined: it gave none, and went. */
  password: string | undefined
}

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
const text = (...words: ReadonlyArray<string>): Buffer => Buffer.from(words.map((w) => `${w}\0`).join(""))
const int32 = (n: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(n)
  return bytes
}
const int16 = (n: number): Buffer => int32(n).subarray(2)

const ready = message("Z", Buffer.from("I"))
const askPassword = message("R", int32(3))

const welcome = (isStandby: boolean): Buffer =>
  Buffer.concat([
    message("R", int32(0)),
    ...[
      ["server_version", "15.18"],
      ["client_encoding", "UTF8"],
      ["standard_conforming_strings", "on"],
      ["in_hot_standby", isStandby ? "on" : "off"],
      ["default_transaction_read_only", "off"],
    ].map((pair) => message("S", text(...pair))),
    ready,
  ])

const row = (columns: Readonly<Record<string, string>>): Buffer => {
  const names = Object.keys(columns)
  const fields = names.map((name) =>
    Buffer.concat([text(name), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0)]),
  )
  const values = Object.values(columns).map((value) =>
    Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value)]),
  )
  return Buffer.concat([
    message("T", Buffer.concat([int16(names.length), ...fields])),
    message("D", Buffer.concat([int16(names.length), ...values])),
  ])
}

const answer = (sql: string, isStandby: boolean): Buffer =>
  Buffer.concat([
    ...(sql.includes("pg_is_in_recovery")
      ? [row({ standby: isStandby ? "t" : "f", read_only: isStandby ? "on" : "off" })]
      : []),
    message("C", text("SELECT 1")),
    ready,
  ])

const sslRequest = 80_877_103
const gssRequest = 80_877_104

const serve = (name: string, isStandby: boolean, heard: Array<Heard>) => (socket: Socket) => {
  let waiting = Buffer.alloc(0)
  let client: Heard | undefined
  const take = (headLength: number): Buffer | undefined => {
    if (waiting.length < headLength + 4) return undefined
    const length = headLength + waiting.readInt32BE(headLength)
    if (waiting.length < length) return undefined
    const whole = waiting.subarray(0, length)
    waiting = waiting.subarray(length)
    return whole
  }
  const begin = (packet: Buffer) => {
    const code = packet.readInt32BE(4)
    if (code === sslRequest || code === gssRequest) return socket.write("N")
    const words = packet.subarray(8).toString().split("\0")
    const told = (key: string) => {
      const at = words.findIndex((word, i) => i % 2 === 0 && word === key)
      return at === -1 ? undefined : words[at + 1]
    }
    client = {
      server: name,
      user: told("user"),
      database: told("database"),
      applicationName: told("application_name"),
      options: told("options"),
      password: undefined,
    }
    heard.push(client)
    return socket.write(askPassword)
  }
  socket.on("error", () => {})
  socket.on("data", (bytes) => {
    waiting = Buffer.concat([waiting, bytes])
    for (;;) {
      const packet = take(client === undefined ? 0 : 1)
      if (packet === undefined) return
      if (client === undefined) {
        begin(packet)
        continue
      }
      const body = packet.subarray(5, -1).toString()
      if (packet[0] === 0x70) {
        client.password = body
        socket.write(welcome(isStandby))
      } else if (packet[0] === 0x51) socket.write(answer(body, isStandby))
      else if (packet[0] === 0x58) socket.end()
    }
  })
}

/** Hears whoever connects into `heard`, under this name. */
export const listeningServer = (name: string, isStandby: boolean, heard: Array<Heard>): Server =>
  createServer(serve(name, isStandby, heard))

/** Answers each client that the server is starting up. */
export const startingServer = (): Server =>
  createServer((socket) => {
    socket.on("error", () => {})
    socket.on("data", (bytes) => {
      const code = bytes.readInt32BE(4)
      if (code === sslRequest || code === gssRequest) socket.write("N")
      else socket.end(message("E", text("SFATAL", "C57P03", "Mthe database system is starting up", "")))
    })
  })
