import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { formats } from "../../../../layers/observe/Logging.ts"
import type { LogFormat } from "../../../../src/settings/Settings.ts"

/** The line of one event. */
const line = (format: LogFormat) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    yield* Effect.logWarning("cdc: fiber=#1 is text").pipe(
      Effect.annotateLogs({ slot: "s" }),
      Effect.withLogSpan("batch"),
      Effect.provide(Logger.layer([Logger.map(formats[format](false), (text) => void lines.push(text))])),
    )
    return lines
      .join("\n")
      .replace(/\d{4}-\d\d-\d\dT[\d:.]*Z/, "T")
      .replace(/(batch\W+)\d+/, "$10")
  })

describe("A line of the log names no fiber", () => {
  it.effect("in logfmt", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* line("logfmt"),
        'timestamp=T level=WARN message="cdc: fiber=#1 is text" batch=0ms slot=s',
      )
    }),
  )

  it.effect("as JSON", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(JSON.parse(yield* line("json")), {
        message: "cdc: fiber=#1 is text",
        level: "WARN",
        timestamp: "T",
        annotations: { slot: "s" },
        spans: { batch: 0 },
      })
    }),
  )

  it.effect("on a terminal", () =>
    Effect.gen(function* () {
      assert.match(yield* line("pretty"), /^\S+ {2}WARN {3}cdc: fiber=#1 is text {2}slot=s$/)
    }),
  )
})
