/** Logs go to stderr; stdout is for the output of a command. */
import { Formatter, Layer, Logger, LogLevel, Option, References } from "effect"
import { escapeUnprintable, printable } from "../../src/core/text/PrintableText.ts"
import { canRedraw, isColourful } from "../../src/core/text/TerminalStyle.ts"
import type { LogFormat, Settings } from "../../src/settings/Settings.ts"
import { clearLine } from "./TerminalProgress.ts"

/** ANSI: red, yellow, none; levels below `info` are dim. */
const colours: Readonly<Record<string, string>> = { FATAL: "31", ERROR: "31", WARN: "33", INFO: "0" }

const printValue = (value: unknown): string =>
  printable(typeof value === "string" ? value : JSON.stringify(value))

/** Prints `10:15:40  INFO   cdc: batch written  rows=clientes:14 objects=1 …`: one line per event. */
const prettyLine = (isColourful: boolean) =>
  Logger.map(Logger.formatStructured, ({ timestamp, level, message, annotations, cause }) => {
    const paint = (text: string, code: string) => (isColourful ? `\u001b[${code}m${text}\u001b[0m` : text)
    const facts = Object.entries(annotations).map(([name, value]) => `${name}=${printValue(value)}`)
    return (
      [
        paint(timestamp.slice(11, 19), "2"),
        paint(level.padEnd(5), colours[level] ?? "2"),
        [printValue(message), ...(facts.length === 0 ? [] : [paint(facts.join(" "), "2")])].join("  "),
      ]
        // A stack trace, of several lines.
        .concat(cause === undefined ? [] : [`\n${cause.split("\n").map(printable).join("\n")}`])
        .join("  ")
    )
  })

/** Effect's number of the fiber, which is of no use to an operator. */
const fiberField = /^(timestamp=\S+ level=\S+) fiber=#\d+/

/** Loggers by format: one line per event, without its line end. */
export const formats: Readonly<Record<LogFormat, (isColourful: boolean) => Logger.Logger<unknown, string>>> =
  {
    pretty: prettyLine,
    logfmt: () =>
      Logger.map(Logger.formatLogFmt, (line) => escapeUnprintable(line.replace(fiberField, "$1"))),
    json: () =>
      Logger.map(Logger.formatStructured, ({ fiberId: _, ...event }) =>
        escapeUnprintable(Formatter.formatJson(event)),
      ),
  }

/** Clears the progress line before a log line; it is redrawn below. */
const aboveProgress = (logger: Logger.Logger<unknown, void>): Logger.Logger<unknown, void> =>
  canRedraw(process.stderr, process.env)
    ? Logger.make((options) => {
        process.stderr.write(clearLine)
        logger.log(options)
      })
    : logger

type LogSettings = Pick<Settings["Service"], "logFormat" | "logLevel">

/** Loggers that are asked for format and level with each line, because a reload may change both. */
const following = (settings: () => LogSettings): Logger.Logger<unknown, void> => {
  const colourful = isColourful(process.stderr, process.env)
  const byFormat = Object.fromEntries(
    Object.entries(formats).map(([name, logger]) => [name, Logger.withConsoleError(logger(colourful))]),
    // `Object.fromEntries` loses the keys.
  ) as Readonly<Record<LogFormat, Logger.Logger<unknown, void>>>
  return Logger.make((options) => {
    const { logFormat, logLevel } = settings()
    if (LogLevel.isLessThan(options.logLevel, logLevel)) return
    const format = Option.getOrElse(logFormat, () => (process.stderr.isTTY === true ? "pretty" : "logfmt"))
    byFormat[format].log(options)
  })
}

/** `settings` returns those in force. */
export const layer = (settings: () => LogSettings): Layer.Layer<never> =>
  Layer.mergeAll(
    Logger.layer([aboveProgress(following(settings))]),
    Layer.succeed(Logger.LogToStderr, true),
    Layer.succeed(References.MinimumLogLevel, "All"),
  )
