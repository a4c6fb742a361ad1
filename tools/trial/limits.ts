/** How long the program waits for what does not come back, and what a second signal does. */
import { Effect } from "effect"
import type { RunningProgram } from "../../test/support/program/program.ts"
import { type Asked, s3Error } from "../../test/support/s3/scriptedS3.ts"
import { inMemory, openStore } from "./absences.ts"
import { judged, type Verdict } from "./Failure.ts"
import type { Operator } from "./world/Operator.ts"

const lake = /The lake did not answer\. Check LAKE_URL, MINIO_ENDPOINT and the network/

const busyStore = /The store is busy, or has an internal error\. It is tried again/

/** What `full` and `cdc` make visible; all else is answered. */
const isObject = ({ method, url }: Asked): boolean => !["GET", "HEAD"].includes(method) && /_\d{8}_/.test(url)

/** Longer than that is not waited for the end of a program at once. */
const halfAMinute = "30 seconds"

const away = Effect.fn("away")(function* (operator: Operator) {
  const s3 = yield* openStore(operator)
  return [
    judged(
      operator,
      "The lake is out of reach at the start",
      Effect.gen(function* () {
        operator.transcript.say(
          "The store resets every connection (the tests' S3 server). A start waits for 30 s.",
        )
        yield* inMemory(operator, s3, "third")
        yield* s3.suffer(() => "reset")
        const program = yield* operator.start("full")
        const told = yield* operator.awaitEnd(program, ["full"])
        if (told.code !== 1 || told.seconds < 25) return `ended with ${told.code} after ${told.seconds} s`
        if (!lake.test(told.stderr)) return `does not say ${lake}`
        yield* s3.heal
        operator.transcript.say("The store is back:")
        return (yield* operator.run("full")).code === 0 ? undefined : "is not mended by it"
      }),
    ),
    judged(
      operator,
      "The lake goes away while `full` and `cdc --once` write, and stays away",
      Effect.gen(function* () {
        operator.transcript.say(
          "It answers every question and takes no object (the tests' S3 server). Both have an end of their own, so that they wait for 60 s and not for ever.",
        )
        yield* inMemory(operator, s3, "fourth")
        yield* operator.sell
        yield* s3.suffer((asked, perform) =>
          isObject(asked)
            ? s3Error(503, "ServiceUnavailable", "Please reduce your request rate.")
            : perform(),
        )
        const commands = [["full"], ["cdc", "--once"]] as const
        const started: Array<readonly [ReadonlyArray<string>, RunningProgram]> = []
        for (const args of commands) started.push([args, yield* operator.start(...args)])
        const begun = Date.now()
        for (const [, program] of started) yield* program.says("WARN")
        yield* Effect.sleep(halfAMinute)
        for (const [args, program] of started) {
          const told = yield* operator.awaitEnd(program, args, begun)
          if (told.code !== 1 || told.seconds < 55)
            return `${args} ended with ${told.code} after ${told.seconds} s`
          if (!busyStore.test(told.stderr)) return `${args} does not say ${busyStore}`
        }
        yield* s3.heal
        operator.transcript.say("The store is back:")
        for (const args of [...commands, ["verify"]])
          if ((yield* operator.run(...args)).code !== 0) return `${args} is not mended by it`
        return undefined
      }),
    ),
    judged(
      operator,
      "A second signal",
      Effect.gen(function* () {
        operator.transcript.say(
          "The store leaves an object without an answer. The first signal lets the batch in hand be finished, for up to 20 s; who cannot wait sends another. That is safe too.",
        )
        yield* inMemory(operator, s3, "fifth")
        let asks = 0
        yield* s3.suffer((asked, perform) => {
          if (!isObject(asked)) return perform()
          asks++
          return new Promise(() => {})
        })
        const writer = yield* operator.start("cdc")
        yield* operator.sell
        yield* writer.brings(
          "an object is on its way",
          Effect.sync(() => asks > 0),
        )
        yield* writer.signal("SIGTERM")
        yield* writer.says("cdc: stopping")
        const { code } = yield* operator.stop(writer, ["cdc"])
        if (code !== 130) return `ended with ${code}`
        yield* s3.heal
        for (const args of [["cdc", "--once"], ["verify"]])
          if ((yield* operator.run(...args)).code !== 0) return `${args} does not go on from there`
        return undefined
      }),
    ),
  ]
})

export const limits = Effect.fn("limits")(function* (operator: Operator) {
  const verdicts: Array<Verdict> = []
  for (const attempt of yield* away(operator)) verdicts.push(yield* attempt)
  return verdicts
})
