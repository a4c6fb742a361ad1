/** How the command line speaks: help, mistakes and failures as text, and how a run ends as exit code. */
import { Cause, Console, Effect, Exit, Option, Runtime, Terminal } from "effect"
import { CliError, CliOutput, Flag } from "effect/cli"
import { printable } from "../core/text/PrintableText.ts"
import { canRedraw, isColourful, type TerminalStyle } from "../core/text/TerminalStyle.ts"

/** Errors are written for people: the message alone. A defect is ours, and shows where it happened. */
const messageOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return Cause.hasDies(cause) || !(error instanceof Error) ? Cause.pretty(cause) : error.message
}

/** A failure as its message; silence where it was only stopped. */
export const unlessStopped =
  (tell: (message: string) => Effect.Effect<void>) => (cause: Cause.Cause<unknown>) =>
    Cause.hasInterruptsOnly(cause) ? Effect.void : tell(messageOf(cause))

const printableLines = (text: string): string => text.split("\n").map(printable).join("\n")

export const onStderr = Effect.tapCause(
  unlessStopped((message) => Console.error(`afluente: ${printableLines(message)}`)),
)

/** A switch: off unless given. */
export const flag = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDefault(false), Flag.withDescription(description))

/** A question to the person in front of the terminal, on a line of its own; none where there is nobody. The end of input is a wish to stop. */
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

/** Whether what was printed can be written over. */
export const stdoutCanRedraw = (): boolean => canRedraw(process.stdout, process.env)

/** Prints each text in the place of the one before (`over`: on a terminal), or below it. */
export const redraw =
  (over: boolean) =>
  (text: string): Effect.Effect<void> =>
    over ? Effect.sync(() => process.stdout.write(`\u001b[H\u001b[2J${text}\n`)) : Console.log(text)

/** What stdout is: a terminal of some width, or something that reads lines. */
export const stdoutStyle = (): TerminalStyle => ({
  colour: isColourful(process.stdout, process.env),
  width: process.stdout.isTTY === true ? process.stdout.columns : Number.POSITIVE_INFINITY,
})

/** Help that was asked for goes to stdout; help because of a mistake goes to stderr with the mistake. */
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

/** Wrong usage is 2; every error of ours says its own code (`Runtime.errorExitCode`). */
export const exitCode = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return 0
  if (Cause.hasInterruptsOnly(exit.cause)) return 130
  const error = Cause.squash(exit.cause)
  return CliError.isCliError(error) ? 2 : Runtime.getErrorExitCode(error)
}

/** Ends the process with the code of the run, whatever is still open. */
export const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  fiber.addObserver((exit) => teardown(exit, (code) => process.exit(code)))
})
