/** Ports of this machine: to listen on, to give to a program, and whether anybody answers there. */
import { randomInt } from "node:crypto"
import { type AddressInfo, connect, createServer, type Server } from "node:net"
import { Effect, type Scope } from "effect"

/** Listens on loopback, on a port of the system's choice. With the scope it ends, and `close` ends what is still open. */
export const listening = (server: Server, close: () => void): Effect.Effect<number, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      // An address of the kind that a TCP server has.
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as AddressInfo).port)))
    }),
    () =>
      Effect.sync(() => {
        server.close()
        close()
      }),
  )

const isFree = (port: number): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const probe = createServer()
    probe.once("error", () => resume(Effect.succeed(false)))
    probe.listen(port, "127.0.0.1", () => probe.close(() => resume(Effect.succeed(true))))
  })

/**
 * A port on which a program that takes no other may listen. It lies below those that systems choose from by themselves,
 * where another test, which runs at the same time, could be given it before the program takes it.
 */
export const freePort: Effect.Effect<number> = Effect.gen(function* () {
  const port = randomInt(20_000, 32_768)
  return (yield* isFree(port)) ? port : yield* freePort
})

/** Nobody listens there, and nobody is given it who lets the system choose. */
export const nobodysPort = 1

export const isAnswered = (port: number): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const socket = connect(port, "127.0.0.1")
    socket.once("connect", () => {
      socket.destroy()
      resume(Effect.succeed(true))
    })
    socket.once("error", () => resume(Effect.succeed(false)))
  })
