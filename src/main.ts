/** Fills the commands with the live layers, and runs the one that was asked for. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer } from "effect"
import { CliConfig, CliOutput, Command, GlobalFlag } from "effect/cli"
import * as DuckDbComparison from "../layers/duckdb/DuckDbComparison.ts"
import { startDemo } from "../layers/embedded/EmbeddedDemo.ts"
import { live } from "../layers/Live.ts"
import { demoScripts } from "../layers/node/QueryFiles.ts"
import * as Signals from "../layers/node/Signals.ts"
import * as YoungMemory from "../layers/node/YoungMemory.ts"
import * as LiveLine from "../layers/observe/LiveLine.ts"
import * as Logging from "../layers/observe/Logging.ts"
import * as Telemetry from "../layers/observe/Telemetry.ts"
import * as PostgresDemoDatabase from "../layers/postgres/PostgresDemoDatabase.ts"
import { exitCode, presenter, runMain } from "./cli/CommandLine.ts"
import { commands } from "./cli/Commands.ts"

YoungMemory.keepSmall()

const afluente = commands({
  services: live,
  logging: Logging.layer,
  telemetry: Telemetry.layer,
  liveLine: LiveLine.layer,
  comparison: DuckDbComparison.layer,
  demoDatabase: PostgresDemoDatabase.layer,
  demoScripts,
  startDemo,
})

Command.run(afluente, { version: "0.1.0" }).pipe(
  Effect.provide(
    Layer.mergeAll(
      Signals.layer,
      NodeServices.layer,
      CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] }),
      CliOutput.layerPresenter(presenter),
    ),
  ),
  (program) =>
    runMain(program, { disableErrorReporting: true, teardown: (exit, onExit) => onExit(exitCode(exit)) }),
)
