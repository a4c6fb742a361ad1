/** The layers that the commands run with. `main.ts` fills it with the live ones; nothing else in `src` knows them. */
import type { ConfigProvider, Effect, Layer, Scope } from "effect"
import type { SourceAddress } from "../core/source/SourceAddress.ts"
import type { CurrentStatus } from "../observe/ObservedPipeline.ts"
import type { LakeComparison } from "../services/lake/LakeComparison.ts"
import type { ObjectStore } from "../services/lake/ObjectStore.ts"
import type { RowFormat } from "../services/lake/RowFormat.ts"
import type { StoreAdmin } from "../services/lake/StoreAdmin.ts"
import type { StoreError } from "../services/lake/StoreError.ts"
import type { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import type { Progress } from "../services/Progress.ts"
import type { Spool } from "../services/Spool.ts"
import type { ChangeSource } from "../services/source/ChangeSource.ts"
import type { DemoDatabase } from "../services/source/DemoDatabase.ts"
import type { ReplicationSlot } from "../services/source/ReplicationSlot.ts"
import type { SlotInspection } from "../services/source/SlotInspection.ts"
import type { SourceError } from "../services/source/SourceError.ts"
import type { SourceInspection } from "../services/source/SourceInspection.ts"
import type { SourceTables } from "../services/source/SourceTables.ts"
import type { Settings, SettingsError } from "../settings/Settings.ts"
import type { DemoScripts } from "./demo/Demo.ts"

/** Everything that a command may need. */
export type Services =
  | Settings
  | RowFormat
  | ObjectStore
  | StoreAdmin
  | WatermarkStore
  | SourceTables
  | SourceInspection
  | SlotInspection
  | ReplicationSlot
  | ChangeSource
  | Spool
  | Progress

type Values = Settings["Service"]

export interface Host {
  /** Connects to nothing yet. */
  readonly services: (settings: Values) => Layer.Layer<Services, StoreError>
  /** `settings` returns those in force: a reload may change them. */
  readonly logging: (settings: () => Values) => Layer.Layer<never>
  /** `/metrics`, `/healthz` and OpenTelemetry, if they are configured. */
  readonly telemetry: (
    command: "full" | "cdc",
    variables: ConfigProvider.ConfigProvider,
  ) => Layer.Layer<never, SettingsError, Settings | CurrentStatus>
  /** One line at the bottom of a terminal, redrawn while `cdc` runs. */
  readonly liveLine: Layer.Layer<never, never, CurrentStatus>
  readonly comparison: Layer.Layer<LakeComparison>
  readonly demoDatabase: (source: SourceAddress) => Layer.Layer<DemoDatabase, SourceError>
  readonly demoScripts: Effect.Effect<DemoScripts>
  /** Starts an embedded PostgreSQL. Returns the variables to connect to it and to a folder as lake. */
  readonly startDemo: Effect.Effect<Readonly<Record<string, string>>, Error, Scope.Scope>
}
