/** The output of the command line: help, usage errors and failures as text, and exit codes. */
import { Cause, Console, Effect, Exit, Option, Runtime, Terminal } from "effect"
import { CliError, CliOutput, Flag } from "effect/cli"
import { printable } from "../core/text/PrintableText.ts"
import { canRedraw, isColourful, type TerminalStyle } from "../core/text/TerminalStyle.ts"

/** An error prints its message only. A defect is a bug of ours: its stack is printed. */
const messageOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return Cause.hasDies(cause) || !(error instanceof Error) ? Cause.pretty(cause) : error.message
}

/** Reports a failure's message. Reports nothing if the run was only interrupted. */
export const unlessStopped =
  (report: (message: string) => Effect.Effect<void>) => (cause: Cause.Cause<unknown>) =>
    Cause.hasInterruptsOnly(cause) ? Effect.void : report(messageOf(cause))

const printableLines = (text: string): string => text.split("\n").map(printable).join("\n")

export const onStderr = Effect.tapCause(
  unlessStopped((message) => Console.error(`afluente: ${printableLines(message)}`)),
)

/** A switch: off unless given. */
export const flag = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDefault(false), Flag.withDescription(description))

/** Returns a function that asks a yes-or-no question; none without a terminal. The end of input interrupts. */
export const askOnTerminal = () =>
  process.stdin.isTTY === true && process.stdout.isTTY === true
    ? Option.some(
        Effect.fnUntraced(function* (question: string) {
          const terminal = yield* Terminal.Terminal
          yield* Effect.orDie(terminal.display(`${question} (y/N) `))
          const answer = yield* Effect.catchTag(terminal.readLine, "QuitError", () => Effect.interrupt)
          return /^y(es)?$/i.test(answer.trim())
        }),
      )
    : Option.none()

/** True if stdout can be redrawn. */
export const stdoutCanRedraw = (): boolean => canRedraw(process.stdout, process.env)

/** Prints each text over the one before (`over`), or below it. */
export const redraw =
  (over: boolean) =>
  (text: string): Effect.Effect<void> =>
    over ? Effect.sync(() => process.stdout.write(`\u001b[H\u001b[2J${text}\n`)) : Console.log(text)

/** The style of stdout: a terminal with its width, or plain lines. */
export const stdoutStyle = (): TerminalStyle => ({
  colour: isColourful(process.stdout, process.env),
  width: process.stdout.isTTY === true ? process.stdout.columns : Number.POSITIVE_INFINITY,
})

/** Prints requested help to stdout. After a usage error it prints help and error to stderr. */
export const presenter: CliOutput.Presenter = {
  present: (event) => {
    const formatter = CliOutput.defaultFormatter({ colors: isColourful(process.stdout, process.env) })
    switch (event._tag) {
      case "Version":
        return Console.log(`${event.name} ${event.version}`)
      case "Help": {
        const help = formatter.formatHelpDoc(event.helpDoc)
        return event.reason === "Requested" ? Console.log(help) : Console.error(help)
      }
      case "InvalidInvocation":
        return Console.error(
          `${formatter.formatHelpDoc(event.helpDoc)}\n${formatter.formatErrors(event.errors)}`,
        )
    }
  },
}

/** Wrong usage is 2. Our errors have their own code (`Runtime.errorExitCode`). */
export const exitCode = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return 0
  if (Cause.hasInterruptsOnly(exit.cause)) return 130
  const error = Cause.squash(exit.cause)
  return CliError.isCliError(error) ? 2 : Runtime.getErrorExitCode(error)
}

/** Ends the process with the code of the run, even if handles are still open. */
export const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  fiber.addObserver((exit) => teardown(exit, (code) => process.exit(code)))
})
