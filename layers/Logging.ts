/** Logs go to stderr: stdout is for what a command was asked to print. */
import { Layer, Logger, Option, References } from "effect"
import type { LogFormat, Settings } from "../src/Settings.ts"
import { clearLine } from "./TerminalProgress.ts"

const loggers: Readonly<Record<LogFormat, () => Logger.Logger<unknown, void>>> = {
  pretty: () =>
    Logger.consolePretty({ mode: "tty", colors: process.stderr.isTTY === true && !process.env["NO_COLOR"] }),
  logfmt: () => Logger.withConsoleError(Logger.formatLogFmt),
  json: () => Logger.withConsoleError(Logger.formatJson),
}

/** A line that shows progress gives way to the log, and is drawn again below it. */
const aboveProgress = (logger: Logger.Logger<unknown, void>): Logger.Logger<unknown, void> =>
  process.stderr.isTTY === true
    ? Logger.make((options) => {
        process.stderr.write(clearLine)
        logger.log(options)
      })
    : logger

export const layer = (settings: Pick<Settings["Service"], "logFormat" | "logLevel">): Layer.Layer<never> => {
  const format = Option.getOrElse(settings.logFormat, () =>
    process.stderr.isTTY === true ? "pretty" : "logfmt",
  )
  return Layer.mergeAll(
    Logger.layer([aboveProgress(loggers[format]())]),
    Layer.succeed(Logger.LogToStderr, true),
    Layer.succeed(References.MinimumLogLevel, settings.logLevel),
  )
}
