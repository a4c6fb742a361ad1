/** A database of its own, an empty lake in a folder, and the program that carries the one into the other. */
import { randomBytes } from "node:crypto"
import { Effect } from "effect"
import { openLakeFolder } from "../lake/lakeFolder.ts"
import { TestPostgres } from "../postgres/postgres.ts"
import { type Environment, runProgram, startProgram } from "./program.ts"

export interface PipelineOptions {
  /** SQL that makes the tables. */
  readonly setup: string
  /** As in `SOURCE_TABLES`. */
  readonly tables: string
  /** Over those that the fixture sets. */
  readonly settings?: Environment
  /** Of the database, where it is not UTF8. */
  readonly encoding?: string
}

export const openPipeline = Effect.fn("openPipeline")(function* ({
  setup,
  tables,
  settings,
  encoding,
}: PipelineOptions) {
  const database = yield* (yield* TestPostgres).database(setup, encoding)
  const lake = yield* openLakeFolder
  const slot = `slot_${randomBytes(6).toString("hex")}`
  const environment: Environment = {
    DATABASE_URL: `${database.url}?sslmode=disable`,
    LAKE_URL: lake.url,
    SOURCE_TABLES: tables,
    REPLICATION_SLOT: slot,
    POLL_INTERVAL: "100ms",
    ...settings,
  }
  return {
    database,
    sql: database.sql,
    lake,
    slot,
    environment,
    run: (...args: ReadonlyArray<string>) => runProgram(args, environment),
    start: (...args: ReadonlyArray<string>) => startProgram(args, environment),
    /** Without the program, which is not what most tests are about. */
    createSlot: database.sql("SELECT pg_create_logical_replication_slot($1, 'test_decoding')", [slot]),
  }
})

export type Pipeline = Effect.Success<ReturnType<typeof openPipeline>>
