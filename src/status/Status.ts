/** `status`: where the pipeline stands. It only looks: the slot is never read, and a `cdc` that runs is not disturbed. */
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

/** Prints the state of the pipeline, then fails with the problem that would keep a `cdc` from starting. */
export const status = Effect.fn("Status.status")(function* (form: StatusForm) {
  const report = yield* retrying(limitedRetry, readStatus)
  yield* Console.log(print(form, report))
  const [fault] = report.faults
  if (fault !== undefined) return yield* fault
})

/**
 * `show` draws over what stands there; on paper one follows the other, and what is wrong is logged when it changes.
 * Goes on where source or lake are away.
 */
export const watchStatus = Effect.fn("Status.watchStatus")(function* (
  form: StatusForm,
  show: (text: string) => Effect.Effect<void>,
) {
  let reported = ""
  const reportOnce = (wrong: string) => {
    if (wrong === reported) return Effect.void
    reported = wrong
    return wrong === "" ? Effect.logInfo("status: all is well again") : Effect.logWarning(wrong)
  }
  const look = readStatus.pipe(
    Effect.map((report) => ({
      text: print(form, report),
      wrong: report.faults.map(({ message }) => message).join(" "),
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
  yield* Effect.repeat(look, Schedule.spaced("2 seconds"))
})
