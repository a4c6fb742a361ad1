/** Logs go to stderr: stdout is for what a command was asked to print. */
import { Layer, Logger, Option, References } from "effect"
import type { LogFormat, Settings } from "../src/Settings.ts"

const loggers: Readonly<Record<LogFormat, () => Logger.Logger<unknown, void>>> = {
  pretty: () =>
    Logger.consolePretty({ mode: "tty", colors: process.stderr.isTTY === true && !process.env["NO_COLOR"] }),
  logfmt: () => Logger.withConsoleError(Logger.formatLogFmt),
  json: () => Logger.withConsoleError(Logger.formatJson),
}

export const layer = (settings: Pick<Settings["Service"], "logFormat" | "logLevel">): Layer.Layer<never> => {
  const format = Option.getOrElse(settings.logFormat, () =>
    process.stderr.isTTY === true ? "pretty" : "logfmt",
  )
  return Layer.mergeAll(
    Logger.layer([loggers[format]()]),
    Layer.succeed(Logger.LogToStderr, true),
    Layer.succeed(References.MinimumLogLevel, settings.logLevel),
  )
}
