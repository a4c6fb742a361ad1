/** The commands that write rows: `full` and `cdc`. */
import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import * as Pipeline from "../../Pipeline.ts"
import { flag } from "../CommandLine.ts"
import { settingFlags } from "../Flags.ts"
import type { Host } from "../Host.ts"
import { observed, reloading, untilStopped } from "../Provided.ts"

export const fullCommand = (host: Host) =>
  Command.make(
    "full",
    {
      ...settingFlags,
      newSource: flag(
        "new-source",
        "the lake's copies may be of another server or database (no cdc has written there)",
      ),
      tables: Flag.String("tables").pipe(
        Flag.withDescription(
          "copy only these of SOURCE_TABLES: tables, patterns or datasets, comma separated",
        ),
        Flag.optional,
      ),
    },
    ({ newSource, tables, ...flags }) =>
      observed(
        host,
        "full",
        flags,
        untilStopped(Pipeline.fullInto({ isNewSource: newSource, only: tables })),
      ),
  ).pipe(Command.withDescription("Copies every configured table as it is now into CSV objects, and ends"))

export const cdcCommand = (host: Host) =>
  Command.make(
    "cdc",
    {
      ...settingFlags,
      once: flag("once", "write what is pending in the slot, then end"),
      noWait: flag(
        "no-wait",
        "end with 3 if another writer holds the slot, instead of waiting as its standby",
      ),
    },
    ({ once, noWait, ...flags }) =>
      observed(
        host,
        "cdc",
        flags,
        reloading(flags, Effect.provide(Pipeline.cdc({ once, noWait }), host.liveLine)),
      ),
  ).pipe(
    Command.withDescription(
      "Follows the slot: polls, writes what changed as CSV, moves on; stop it with Ctrl-C",
    ),
  )
