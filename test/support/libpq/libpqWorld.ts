/** Servers, files and environment of a `Form`, and what the servers hear when psql or the program connects by it. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import type { AddressInfo, Server } from "node:net"
import { tmpdir, userInfo } from "node:os"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { nobodysPort } from "../network/ports.ts"
import type { Form } from "./libpqForms.ts"
import { type Heard, listeningServer } from "./listeningServer.ts"

/** Whom the servers heard, in order, and whether a session came of it. Without ports and names of this machine. */
export interface Outcome {
  readonly isConnected: boolean
  readonly heard: ReadonlyArray<Partial<Heard>>
}

export interface LibpqWorld {
  /** The form with its files in place: what it is called with. Forgets what was heard before. */
  readonly prepare: (form: Form) => { readonly url: string; readonly environment: Record<string, string> }
  /** `program` is the application name that is nobody's setting. */
  readonly outcome: (isConnected: boolean, program: string) => Outcome
}

const listen = (server: Server, where: { port: number; host: string } | string): Effect.Effect<void> =>
  Effect.callback((resume) => {
    server.listen(where, () => resume(Effect.void))
  })

const opened = (server: Server, where: { port: number; host: string } | string) =>
  Effect.acquireRelease(Effect.as(listen(server, where), server), (open) =>
    Effect.sync(() => {
      open.close()
    }),
  )

export const libpqWorld: Effect.Effect<LibpqWorld, never, Scope.Scope> = Effect.gen(function* () {
  const root = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "libpq-"))),
    (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true })),
  )
  const home = join(root, "home")
  const folder = join(root, "sockets")
  mkdirSync(folder)
  const heard: Array<Heard> = []
  const anyPort = { port: 0, host: "127.0.0.1" }
  // An address of the kind that a TCP server has.
  const portOf = (server: Server) => (server.address() as AddressInfo).port
  const primary = portOf(yield* opened(listeningServer("primary", false, heard), anyPort))
  const standby = portOf(yield* opened(listeningServer("standby", true, heard), anyPort))
  yield* opened(listeningServer("socket", false, heard), join(folder, `.s.PGSQL.${primary}`))

  const places: Readonly<Record<string, string>> = {
    "{primary}": String(primary),
    "{standby}": String(standby),
    "{nobody}": String(nobodysPort),
    "{folder}": folder,
    "{encodedFolder}": encodeURIComponent(folder),
    "{home}": home,
  }
  const filled = (text: string) => text.replace(/\{\w+\}/g, (name) => places[name] ?? name)
  return {
    prepare: ({ url, environment = {}, files = {}, openFiles = false }) => {
      heard.length = 0
      rmSync(home, { recursive: true, force: true })
      mkdirSync(home)
      for (const [name, content] of Object.entries(files)) {
        writeFileSync(join(home, name), filled(content))
        chmodSync(join(home, name), openFiles ? 0o644 : 0o600)
      }
      const own = Object.entries(environment).map(([name, value]) => [name, filled(value)])
      return { url: filled(url), environment: { HOME: home, ...Object.fromEntries(own) } }
    },
    outcome: (isConnected, program) => ({
      isConnected,
      heard: heard.map((client) => {
        const os = userInfo().username
        const told = {
          ...client,
          user: client.user === os ? "{os user}" : client.user,
          database: client.database === os ? "{os user}" : client.database,
          applicationName: client.applicationName === program ? "{program}" : client.applicationName,
        }
        return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined))
      }),
    }),
  }
})

/** The name of a form in the golden. */
export const formKey = (form: Form): string => {
  const { refused: _, ...asked } = form
  return JSON.stringify(asked)
}
