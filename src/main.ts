/** The commands: parses, provides the live layers, runs. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { ConfigProvider, Effect, FileSystem, Layer, Option } from "effect"
import { CliConfig, CliOutput, Command, GlobalFlag } from "effect/cli"
import * as DuckDbComparison from "../layers/duckdb/DuckDbComparison.ts"
import { startDemo } from "../layers/embedded/EmbeddedDemo.ts"
import { live, type Services } from "../layers/Live.ts"
import { querySections } from "../layers/node/QueryFiles.ts"
import * as Signals from "../layers/node/Signals.ts"
import * as YoungMemory from "../layers/node/YoungMemory.ts"
import * as LiveLine from "../layers/observe/LiveLine.ts"
import * as Logging from "../layers/observe/Logging.ts"
import * as Telemetry from "../layers/observe/Telemetry.ts"
import * as PostgresDemoDatabase from "../layers/postgres/PostgresDemoDatabase.ts"
import {
  askOnTerminal,
  exitCode,
  flag,
  isScreen,
  onStderr,
  presenter,
  redraw,
  runMain,
  stdoutStyle,
  unlessStopped,
} from "./cli/CommandLine.ts"
import * as Demo from "./cli/Demo.ts"
import { dropSlot } from "./cli/DropSlot.ts"
import { asVariables, type SettingFlags, settingFlags } from "./cli/Flags.ts"
import { init } from "./cli/Init.ts"
import { replaySections, shopSections } from "./core/source/SqlSections.ts"
import { doctor } from "./doctor/Doctor.ts"
import * as Pipeline from "./Pipeline.ts"
import { StopSignal } from "./services/StopSignal.ts"
import { Settings, SettingsError } from "./settings/Settings.ts"
import { type StatusForm, status, watchStatus } from "./status/Status.ts"
import { verify } from "./verify/Verify.ts"

/** Flags, then the environment, then `.env`; one that is not there is nothing to speak of. */
const configured = (flags: SettingFlags) =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const fromFile = (yield* files.exists(".env")) ? [yield* ConfigProvider.fromDotEnv({ path: ".env" })] : []
    return [ConfigProvider.fromEnv(), ...fromFile].reduce(
      (first, next) => ConfigProvider.orElse(first, next),
      ConfigProvider.fromUnknown(asVariables(flags)),
    )
  }).pipe(
    Effect.mapError(({ cause, message }) => {
      const why = cause instanceof Error ? cause.message : message
      return new SettingsError({
        problems: [`.env: it cannot be read (${why}). It must be a file of lines such as PGHOST=localhost`],
      })
    }),
    onStderr,
  )

/** Runs a program with the services that the settings name, and logs its failure as the settings ask. */
const provided = <A, E, R>(
  provider: ConfigProvider.ConfigProvider,
  program: Effect.Effect<A, E, R | Services>,
) =>
  Effect.gen(function* () {
    const settings = yield* Settings.pipe(
      Effect.provide(Settings.layer),
      Effect.provideService(ConfigProvider.ConfigProvider, provider),
      onStderr,
    )
    return yield* program.pipe(
      Effect.provide(live(settings)),
      Effect.tapCause(unlessStopped(Effect.logError)),
      Effect.provide(Logging.layer(settings)),
    )
  })

const withSettings = <A, E, R>(flags: SettingFlags, program: Effect.Effect<A, E, R | Services>) =>
  Effect.flatMap(configured(flags), (provider) => provided(provider, program))

/** With `/metrics`, `/healthz` and OpenTelemetry, where they are asked for. */
const observed = <A, E, R>(
  command: "full" | "cdc",
  flags: SettingFlags,
  program: Effect.Effect<A, E, R | Services>,
) =>
  Effect.flatMap(configured(flags), (provider) =>
    provided(provider, Effect.provide(program, Telemetry.layer(command, provider))),
  )

/** What is not done when it is stopped ends as interrupted (130): only `cdc` has a batch in hand to finish. */
const untilStopped = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.flatMap(StopSignal, (stop) =>
    Effect.raceFirst(program, Effect.andThen(stop.wished, Effect.interrupt)),
  )

/** What is done when it is stopped: it had no end of its own. */
const endedByStop = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.flatMap(StopSignal, (stop) => Effect.raceFirst(Effect.asVoid(program), stop.wished))

const withDemoDatabase = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Settings, ({ source }) => Effect.provide(program, PostgresDemoDatabase.layer(source)))

const demoScripts = Effect.all({
  shop: querySections("demo_cdc_cliente_sync.sql", shopSections),
  replay: querySections("replay_cliente.sql", replaySections),
})

const full = Command.make(
  "full",
  {
    ...settingFlags,
    newSource: flag(
      "new-source",
      "the lake's copies may be of another server or database (no cdc has written there)",
    ),
  },
  ({ newSource, ...flags }) =>
    observed("full", flags, untilStopped(Pipeline.fullInto({ isNewSource: newSource }))),
).pipe(
  Command.withDescription("Copies every configured table as it is now, each into one CSV object, and ends"),
)

const cdc = Command.make(
  "cdc",
  {
    ...settingFlags,
    once: flag("once", "write what waits in the slot, then end"),
    noWait: flag(
      "no-wait",
      "end with 3 where another writer holds the slot, instead of waiting as its standby",
    ),
  },
  ({ once, noWait, ...flags }) =>
    observed("cdc", flags, Effect.provide(Pipeline.cdc({ once, noWait }), LiveLine.layer)),
).pipe(
  Command.withDescription(
    "Follows the slot: polls, writes what changed as CSV, moves on; stop it with Ctrl-C",
  ),
)

const initCommand = Command.make(
  "init",
  { ...settingFlags, demo: flag("demo", "also make the schema db_loja with its table and sample rows") },
  ({ demo, ...flags }) => {
    const shop = withDemoDatabase(Effect.flatMap(demoScripts, Demo.makeShop))
    return withSettings(flags, untilStopped(demo ? Effect.andThen(shop, init) : init))
  },
).pipe(Command.withDescription("Makes what is missing: the bucket or folder, and the slot. Safe to repeat"))

const doctorCommand = Command.make(
  "doctor",
  { ...settingFlags, json: flag("json", "print the findings as JSON") },
  ({ json, ...flags }) => withSettings(flags, untilStopped(doctor(json ? "json" : stdoutStyle()))),
).pipe(
  Command.withDescription(
    "Checks everything that full and cdc need, and prints what mends each failure; ends with 1 where one would fail",
  ),
)

const verifyCommand = Command.make(
  "verify",
  {
    ...settingFlags,
    json: flag("json", "tell it as one JSON document"),
    all: flag("all", "hold the older copies of full to their md5 too, and not the newest alone"),
  },
  ({ json, all, ...flags }) =>
    withSettings(flags, untilStopped(Effect.provide(verify({ json, all }), DuckDbComparison.layer))),
).pipe(
  Command.withDescription(
    "Rebuilds each table from the lake and compares it with the table; ends with 4 where they differ",
  ),
)

const statusCommand = Command.make(
  "status",
  {
    ...settingFlags,
    json: flag("json", "print one JSON document on one line"),
    watch: flag("watch", "again every 2 seconds, until Ctrl-C"),
  },
  ({ json, watch, ...flags }) => {
    const form: StatusForm = json ? "json" : watch && !isScreen() ? "line" : "text"
    return withSettings(
      flags,
      watch ? endedByStop(watchStatus(form, redraw(form === "text"))) : untilStopped(status(form)),
    )
  },
).pipe(
  Command.withDescription("Tells where the pipeline stands: slot, watermark, lag, kept log, newest objects"),
)

const dropSlotCommand = Command.make(
  "drop-slot",
  { ...settingFlags, yes: flag("yes", "do not ask; needed where there is no terminal to ask on") },
  ({ yes, ...flags }) =>
    withSettings(
      flags,
      untilStopped(
        dropSlot(yes ? "given" : Option.getOrElse(askOnTerminal(), () => "nobody to ask" as const)),
      ),
    ),
).pipe(
  Command.withDescription(
    "Removes the slot, so that PostgreSQL stops keeping log for it. Asks first; cannot be undone",
  ),
)

const demo = Command.make(
  "demo",
  { keep: flag("keep", "leave PostgreSQL and the lake running until Ctrl-C, and print the settings to use") },
  ({ keep }) =>
    Effect.gen(function* () {
      const variables = yield* untilStopped(onStderr(startDemo))
      const provider = ConfigProvider.fromUnknown({ ...variables, LOG_FORMAT: "logfmt" })
      const show = withDemoDatabase(Effect.flatMap(demoScripts, Demo.run))
      yield* provided(provider, untilStopped(show))
      if (keep) yield* Demo.keepRunning(variables)
    }).pipe(Effect.scoped),
).pipe(
  Command.withDescription("Shows all of it with nothing but Node: an embedded PostgreSQL, a folder as lake"),
)

const afluente = Command.make("afluente").pipe(
  Command.withDescription(
    "PostgreSQL tables into an S3-compatible lake as CSV: once in full, then change by change",
  ),
  Command.withSubcommands([
    full,
    cdc,
    initCommand,
    doctorCommand,
    statusCommand,
    verifyCommand,
    dropSlotCommand,
    demo,
  ]),
)

YoungMemory.keepSmall()

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
