/** What happens beside a `cdc` that runs, or when it cannot. */
import { createServer, type Server } from "node:http"
import { Effect } from "effect"
import { tcpProxy } from "../../../test/support/network/tcpProxy.ts"
import { following } from "../absences.ts"
import type { Failure } from "../Failure.ts"
import type { Operator } from "../world/Operator.ts"

const listen = (port: number) =>
  Effect.acquireRelease(
    Effect.callback<Server | undefined>((resume) => {
      const server = createServer()
      server.once("error", () => resume(Effect.succeed(undefined)))
      server.listen(port, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server?.close()),
  )

/** Below the ports that the system gives to connections. */
const firstPort = 20_000

/** Another program on the port, and the next one free. */
const takenPort = Effect.gen(function* () {
  for (let port = firstPort; ; port += 2) {
    const next = yield* Effect.scoped(listen(port + 1))
    if (next !== undefined && (yield* listen(port)) !== undefined) return port
  }
})

const rightWord = ": INSERT: "
const wrongWord = ": INZERT: "

/** On the way between server and program, because no server prints such a line. */
const malformed = (operator: Operator): Failure => ({
  title: "A line of the slot that cannot be read",
  wrong:
    "No server prints one, so a network between the two changes a word. Its makers would answer that the network is to be mended.",
  provoke: Effect.gen(function* () {
    yield* operator.anew({ lake: true })
    const network = yield* tcpProxy(operator.source().server.port, {
      answer: (bytes) => [Buffer.from(bytes.toString("latin1").replaceAll(rightWord, wrongWord), "latin1")],
    })
    operator.transcript.disguise(String(network.port), "6432")
    const url = new URL(operator.source().url)
    url.port = String(network.port)
    yield* operator.set({ DATABASE_URL: url.href })
    yield* operator.sell
  }),
  command: "cdc --once",
  code: 3,
  words: /Report this line's beginning and the server's version to the makers/,
  mend: () => Effect.suspend(() => operator.set({ DATABASE_URL: operator.source().url })),
})

/** The command is run beside a `cdc`, which is stopped as it tells. */
const beside = (
  operator: Operator,
  told: Pick<Failure, "title" | "wrong" | "command" | "words">,
): Failure => {
  let stop: Effect.Effect<unknown> = Effect.void
  return {
    ...told,
    provoke: Effect.gen(function* () {
      yield* operator.anew({ lake: true })
      const writer = yield* following(operator)
      stop = operator.stop(writer, ["cdc"])
    }),
    code: 3,
    mend: () => stop,
  }
}

export const runningFailures = (operator: Operator): ReadonlyArray<Failure> => [
  beside(operator, {
    title: "A second `cdc` that shall not wait",
    wrong: "One writes already. Without `--no-wait` this one would be its standby.",
    command: "cdc --once --no-wait",
    words: /Stop that one, or start this one without --no-wait/,
  }),
  beside(operator, {
    title: "`drop-slot` while `cdc` runs",
    wrong: "The slot is in use.",
    command: "drop-slot --yes",
    words: /Stop that `cdc` or other reader first/,
  }),
  {
    title: "`drop-slot` where nobody can be asked",
    wrong: "In a script, without `--yes`.",
    provoke: operator.anew({ slot: true }),
    command: "drop-slot",
    code: 2,
    words: /add --yes to drop the slot/,
    mend: () => Effect.void,
    again: "drop-slot --yes",
  },
  {
    title: "METRICS_PORT is taken",
    wrong: "Another program listens there.",
    provoke: Effect.gen(function* () {
      yield* operator.anew({ lake: true })
      const port = yield* takenPort
      operator.transcript.disguise(String(port), "9187")
      operator.transcript.disguise(String(port + 1), "9188")
      yield* operator.set({ METRICS_PORT: String(port) })
    }),
    command: "cdc --once",
    code: 2,
    words: /taken by another process\. For example: (METRICS_PORT)=(\d+)/,
    mend: (name = "", port = "") => operator.set({ [name]: port }),
  },
  malformed(operator),
]
