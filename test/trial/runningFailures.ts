/** What happens while a `cdc` runs: others that come, and source and lake that go away and come back. */
import { createServer, type Server } from "node:http"
import { Effect, type Scope } from "effect"
import { openMemoryS3 } from "../support/memoryS3.ts"
import { s3Error } from "../support/scriptedS3.ts"
import { tcpProxy } from "../support/tcpProxy.ts"
import { judged, tryOut, type Verdict } from "./Failure.ts"
import type { Operator } from "./Operator.ts"

/** A `cdc` that follows. */
const following = Effect.fn("following")(function* (operator: Operator) {
  const writer = yield* operator.start("cdc")
  yield* operator.sell
  yield* writer.says("cdc: batch written")
  operator.transcript.say("`cdc` follows, in the background.")
  return writer
})

interface Absence {
  readonly title: string
  readonly wrong: string
  readonly begin: Effect.Effect<unknown, never, Scope.Scope>
  readonly leave: Effect.Effect<unknown>
  readonly comeBack: Effect.Effect<unknown>
  readonly words: RegExp
}

/** Nothing is to be done but to bring it back: `cdc` says once that it waits, and once that it works again. */
const healed = (operator: Operator, absence: Absence) =>
  judged(
    operator,
    absence.title,
    Effect.gen(function* () {
      const { transcript } = operator
      transcript.heading(absence.title, 3)
      transcript.say(absence.wrong)
      yield* absence.begin
      const writer = yield* following(operator)
      yield* absence.leave
      yield* writer.says("WARN")
      yield* absence.comeBack
      yield* operator.sell
      yield* writer.says("Working again")
      const { code, stderr } = yield* operator.stop(writer, ["cdc"])
      if (code !== 0) return `ended with ${code}`
      if (!absence.words.test(stderr)) return `does not say ${absence.words}`
      return (yield* operator.run("verify")).code === 0 ? undefined : "lake and table differ"
    }),
  )

const absences = Effect.fn("absences")(function* (operator: Operator) {
  const { server } = operator.source()
  const s3 = yield* openMemoryS3()
  operator.transcript.disguise(new URL(s3.options.endpoint).port, "9000")
  const inMemory = (lake: string) =>
    operator
      .anew()
      .pipe(
        Effect.andThen(operator.setQuietly({ ...s3.environment, LAKE_URL: `s3://lake/${lake}` })),
        Effect.andThen(operator.run("init")),
        Effect.andThen(operator.run("full")),
      )
  return [
    {
      title: "PostgreSQL goes away, and comes back",
      wrong: "It crashes and is started again.",
      begin: operator.anew({ lake: true }),
      leave: server.stop("immediate"),
      comeBack: Effect.orDie(server.restart),
      words: /Check DATABASE_URL or PGHOST and PGPORT|It is tried again/,
    },
    {
      title: "The store goes away, and comes back",
      wrong: "It resets every connection for a while (the tests' S3 server).",
      begin: inMemory("first"),
      leave: Effect.andThen(
        s3.suffer(() => "reset"),
        operator.sell,
      ),
      comeBack: s3.heal,
      words: /The lake did not answer\. Check LAKE_URL, MINIO_ENDPOINT and the network/,
    },
    {
      title: "The store's disk is full",
      wrong:
        "It takes no object until somebody has made room (the tests' S3 server, in MinIO's words; a full disk of one's own wants rights that a trial should not need).",
      begin: inMemory("second"),
      leave: Effect.andThen(
        s3.suffer(({ method }, perform) =>
          method === "PUT" || method === "POST"
            ? s3Error(
                507,
                "XMinioStorageFull",
                "Storage backend has reached its minimum free drive threshold.",
              )
            : perform(),
        ),
        operator.sell,
      ),
      comeBack: s3.heal,
      words: /No space is left\. Free some/,
    },
  ] satisfies ReadonlyArray<Absence>
})

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

export const runningFailures = Effect.fn("runningFailures")(function* (operator: Operator) {
  const { transcript } = operator
  const verdicts: Array<Verdict> = []
  /** Runs a command beside a `cdc`, which is stopped when it is told to. */
  const beside = (title: string, wrong: string, command: string, words: RegExp) =>
    Effect.scoped(
      Effect.gen(function* () {
        const stop: { now: Effect.Effect<unknown> } = { now: Effect.void }
        return yield* tryOut(operator, {
          title,
          wrong,
          provoke: Effect.gen(function* () {
            yield* operator.anew({ lake: true })
            const writer = yield* following(operator)
            stop.now = operator.stop(writer, ["cdc"])
          }),
          command,
          code: 3,
          words,
          mend: () => stop.now,
        })
      }),
    )
  verdicts.push(
    yield* beside(
      "A second `cdc` that shall not wait",
      "One writes already. Without `--no-wait` this one would be its standby.",
      "cdc --once --no-wait",
      /Stop that one, or start this one without --no-wait/,
    ),
    yield* beside(
      "`drop-slot` while `cdc` runs",
      "The slot is in use.",
      "drop-slot --yes",
      /Stop that `cdc` or other reader first/,
    ),
    yield* tryOut(operator, {
      title: "`drop-slot` where nobody can be asked",
      wrong: "In a script, without `--yes`.",
      provoke: operator.anew({ slot: true }),
      command: "drop-slot",
      code: 2,
      words: /add (--yes) to drop the slot/,
      mend: () => Effect.void,
      again: "drop-slot --yes",
    }),
    yield* tryOut(operator, {
      title: "METRICS_PORT is taken",
      wrong: "Another program listens there.",
      provoke: Effect.gen(function* () {
        yield* operator.anew({ lake: true })
        const port = yield* takenPort
        transcript.disguise(String(port), "9187")
        transcript.disguise(String(port + 1), "9188")
        yield* operator.set({ METRICS_PORT: String(port) })
      }),
      command: "cdc --once",
      code: 2,
      words: /taken by another process\. For example: (METRICS_PORT)=(\d+)/,
      mend: (name = "", port = "") => operator.set({ [name]: port }),
    }),
  )
  for (const absence of yield* absences(operator)) verdicts.push(yield* healed(operator, absence))
  verdicts.push(yield* malformed(operator))
  return verdicts
})

const rightWord = ": INSERT: "
const wrongWord = ": INZERT: "

/** On the way between server and program, because no server prints such a line. */
const malformed = (operator: Operator) =>
  tryOut(operator, {
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
