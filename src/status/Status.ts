/** `status`: prints the state of the pipeline. It never reads the slot, so that a running `cdc` is not disturbed. */
import { Console, Effect, Schedule } from "effect"
import { printable } from "../core/text/PrintableText.ts"
import { limitedRetry, retrying } from "../retry/RetryPolicy.ts"
import { Refusal } from "../services/Refusal.ts"
import { readStatus } from "./Facts.ts"
import { jsonReport, lineReport, type StatusReport, textReport } from "./StatusReport.ts"

export type StatusForm = "text" | "json" | "line"

const print = (form: StatusForm, report: StatusReport): string => {
  switch (form) {
    case "json":
      return jsonReport(report)
    case "line":
      return lineReport(report)
    case "text":
      return textReport(report)
  }
}

/** Prints the state, then fails with the first problem that would keep a `cdc` from starting. */
export const status = Effect.fn("Status.status")(function* (form: StatusForm) {
  const report = yield* retrying(limitedRetry, readStatus)
  yield* Console.log(print(form, report))
  const [problem] = report.problems
  if (problem !== undefined) return yield* problem
})

/**
 * Prints the state every 2 seconds. In the form `text`, `show` redraws the screen with the problems below. In the others it
 * prints line after line, and problems are logged when they change. Goes on while source or lake are unreachable.
 */
export const watchStatus = Effect.fn("Status.watchStatus")(function* (
  form: StatusForm,
  show: (text: string) => Effect.Effect<void>,
) {
  let reported = ""
  const reportOnce = (wrong: string) => {
    if (wrong === reported) return Effect.void
    reported = wrong
    return wrong === "" ? Effect.logInfo("status: no problem any more") : Effect.logWarning(wrong)
  }
  const refresh = readStatus.pipe(
    Effect.map((report) => ({
      text: print(form, report),
      wrong: report.problems.map(({ message }) => message).join(" "),
    })),
    Effect.catchIf(
      (error) => !(error instanceof Refusal) && error.isRetryable,
      (error) => Effect.succeed({ text: "", wrong: error.message }),
    ),
    Effect.flatMap(({ text, wrong }) => {
      if (form === "text") return show([text, printable(wrong)].filter((part) => part !== "").join("\n\n"))
      return Effect.andThen(reportOnce(wrong), text === "" ? Effect.void : show(text))
    }),
  )
  yield* Effect.repeat(refresh, Schedule.spaced("2 seconds"))
})
