/** The commands around the pipeline: `init`, `drop-slot` and `demo`. */
import { ConfigProvider, Effect, Option } from "effect"
import { Command } from "effect/cli"
import { askOnTerminal, flag, onStderr } from "../CommandLine.ts"
import * as Demo from "../demo/Demo.ts"
import { settingFlags } from "../Flags.ts"
import type { Host } from "../Host.ts"
import { provided, untilStopped, withDemoDatabase, withSettings } from "../Provided.ts"
import { dropSlot } from "./DropSlot.ts"
import { init } from "./Init.ts"

export const initCommand = (host: Host) =>
  Command.make(
    "init",
    { ...settingFlags, demo: flag("demo", "also create the schema db_loja with its table and sample rows") },
    ({ demo, ...flags }) => {
      const shop = withDemoDatabase(host, Effect.flatMap(host.demoScripts, Demo.makeShop))
      return withSettings(host, flags, untilStopped(demo ? Effect.andThen(shop, init) : init))
    },
  ).pipe(
    Command.withDescription("Creates what is missing: the bucket or folder, and the slot. Safe to repeat"),
  )

export const dropSlotCommand = (host: Host) =>
  Command.make(
    "drop-slot",
    { ...settingFlags, yes: flag("yes", "do not ask; needed without a terminal to ask on") },
    ({ yes, ...flags }) =>
      withSettings(
        host,
        flags,
        untilStopped(
          dropSlot(yes ? "given" : Option.getOrElse(askOnTerminal(), () => "nobody to ask" as const)),
        ),
      ),
  ).pipe(
    Command.withDescription(
      "Removes the slot, so that PostgreSQL stops retaining WAL for it. Asks first; cannot be undone",
    ),
  )

export const demoCommand = (host: Host) =>
  Command.make(
    "demo",
    {
      keep: flag("keep", "leave PostgreSQL and the lake running until Ctrl-C, and print the settings to use"),
    },
    ({ keep }) =>
      Effect.gen(function* () {
        const variables = yield* untilStopped(onStderr(host.startDemo))
        const provider = ConfigProvider.fromUnknown({ ...variables, LOG_FORMAT: "logfmt" })
        const show = withDemoDatabase(host, Effect.flatMap(host.demoScripts, Demo.run))
        yield* provided(host, provider, untilStopped(show))
        if (keep) yield* Demo.keepRunning(variables)
      }).pipe(Effect.scoped),
  ).pipe(
    Command.withDescription(
      "Shows full and cdc with nothing but Node: an embedded PostgreSQL, a folder as lake",
    ),
  )
