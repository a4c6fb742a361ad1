/** The commands that report and change nothing: `doctor`, `status` and `verify`. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { doctor } from "../../doctor/Doctor.ts"
import { type StatusForm, status, watchStatus } from "../../status/Status.ts"
import { verify } from "../../verify/Verify.ts"
import { flag, redraw, stdoutCanRedraw, stdoutStyle } from "../CommandLine.ts"
import { settingFlags } from "../Flags.ts"
import type { Host } from "../Host.ts"
import { endedByStop, untilStopped, withSettings } from "../Provided.ts"

export const doctorCommand = (host: Host) =>
  Command.make(
    "doctor",
    { ...settingFlags, json: flag("json", "print the findings as JSON") },
    ({ json, ...flags }) => withSettings(host, flags, untilStopped(doctor(json ? "json" : stdoutStyle()))),
  ).pipe(
    Command.withDescription(
      "Checks everything that full and cdc need, and prints the remedy for each failure; exits with 1 if one would fail",
    ),
  )

export const verifyCommand = (host: Host) =>
  Command.make(
    "verify",
    {
      ...settingFlags,
      json: flag("json", "print one JSON document"),
      all: flag("all", "compare the older copies of full with their md5 too, not only the newest"),
    },
    ({ json, all, ...flags }) =>
      withSettings(host, flags, untilStopped(Effect.provide(verify({ json, all }), host.comparison))),
  ).pipe(
    Command.withDescription(
      "Rebuilds each table from the lake and compares it with the table; ends with 4 if they differ",
    ),
  )

export const statusCommand = (host: Host) =>
  Command.make(
    "status",
    {
      ...settingFlags,
      json: flag("json", "print one JSON document on one line"),
      watch: flag("watch", "again every 2 seconds, until Ctrl-C"),
    },
    ({ json, watch, ...flags }) => {
      const form: StatusForm = json ? "json" : watch && !stdoutCanRedraw() ? "line" : "text"
      return withSettings(
        host,
        flags,
        watch ? endedByStop(watchStatus(form, redraw(form === "text"))) : untilStopped(status(form)),
      )
    },
  ).pipe(
    Command.withDescription(
      "Prints the state of the pipeline: slot, watermark, lag, retained WAL, newest objects",
    ),
  )
