/** The command line as a whole. */
import { Command } from "effect/cli"
import { cdcCommand, fullCommand } from "./commands/Copying.ts"
import { demoCommand, dropSlotCommand, initCommand } from "./commands/Preparing.ts"
import { doctorCommand, statusCommand, verifyCommand } from "./commands/Reporting.ts"
import type { Host } from "./Host.ts"

export const commands = (host: Host) =>
  Command.make("afluente").pipe(
    Command.withDescription(
      "PostgreSQL tables into an S3-compatible lake as CSV: once in full, then change by change",
    ),
    Command.withSubcommands([
      fullCommand(host),
      cdcCommand(host),
      initCommand(host),
      doctorCommand(host),
      statusCommand(host),
      verifyCommand(host),
      dropSlotCommand(host),
      demoCommand(host),
    ]),
  )
