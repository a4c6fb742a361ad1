/** The program that carries the tables of a round: `cdc` while the round goes on, and the commands beside it. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect, Exit, Schema, Scope } from "effect"
import type { TestDatabase } from "../../../test/support/postgres/postgres.ts"
import {
  type Environment,
  type Outcome,
  type RunningProgram,
  runProgram,
  startProgram,
} from "../../../test/support/program/program.ts"
import { datasetFiles, readCsvObject } from "../../rebuild/datasetFiles.ts"
import { type Masks, masked, maskSettings } from "../../rebuild/masks.ts"
import { tableSql } from "../workload/sql.ts"
import { marks, type Place } from "./places.ts"

const Status = Schema.fromJsonString(
  Schema.Struct({
    datasets: Schema.Array(
      Schema.Struct({
        dataset: Schema.String,
        state: Schema.NullOr(Schema.String),
        reason: Schema.NullOr(Schema.String),
      }),
    ),
  }),
)

/** Only a writer holds an advisory lock alone. */
const lockSql = `
  SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

/** What SOURCE_TABLES and the settings of columns say at this moment. */
export interface Wanted {
  readonly followed: ReadonlyArray<Place>
  /** Those that stand there as a pattern which only they match. */
  readonly patterned: ReadonlyArray<Place>
  readonly masks: Masks
}

const listOf = (some: ReadonlyArray<Place>, patterned: ReadonlyArray<Place>): string =>
  some
    .map((place) => {
      const { table, dataset, pattern } = place
      return pattern !== undefined && patterned.includes(place)
        ? `${pattern}={table}`
        : `${tableSql(table)}=${dataset}`
    })
    .join(",")

/** As `.env` has it: there a running `cdc` can read it again. */
const envFileOf = ({ followed, patterned, masks }: Wanted): string => {
  const tables = listOf([marks, ...followed], patterned)
  return Object.entries({ SOURCE_TABLES: tables, ...maskSettings(masks) })
    .map(([name, value]) => `${name}='${value}'\n`)
    .join("")
}

/** What `cdc` logs when it has taken the settings that it read again. */
const inForce = "the settings that were read again are in force"

const commandWithin = "100 seconds"

export class Follower {
  readonly differences: Array<string> = []
  wanted: Wanted
  readonly #environment: Environment
  readonly #lake: string
  /** Where the program runs, with its `.env`. */
  readonly #folder: string
  readonly #database: TestDatabase
  #running: { readonly program: RunningProgram; readonly scope: Scope.Closeable } | undefined
  #marks = 0

  constructor(
    database: TestDatabase,
    environment: Environment,
    lake: string,
    folder: string,
    wanted: Wanted,
  ) {
    this.#database = database
    this.#environment = environment
    this.#lake = lake
    this.#folder = folder
    this.wanted = wanted
  }

  readonly write = Effect.suspend(() =>
    Effect.promise(() => writeFile(join(this.#folder, ".env"), envFileOf(this.wanted))),
  )

  readonly start = Effect.suspend(() =>
    Effect.gen({ self: this }, function* () {
      yield* this.write
      const scope = yield* Scope.fork(yield* Effect.scope)
      const program = yield* Scope.provide(startProgram(["cdc"], this.#environment, this.#folder), scope)
      this.#running = { program, scope }
    }),
  )

  readonly #isWriter = Effect.suspend(() =>
    Effect.map(Effect.orDie(this.#database.sql(lockSql)), (rows) => rows.length > 0),
  )

  /** Ends `cdc`; in good order where `signal` asks it to. */
  stop(signal: "SIGTERM" | "SIGKILL") {
    return Effect.gen({ self: this }, function* () {
      if (this.#running === undefined) return
      const { program, scope } = this.#running
      this.#running = undefined
      // Before it holds the lock it may not listen to signals yet.
      if (signal === "SIGTERM") yield* program.brings("cdc holds the lock", this.#isWriter)
      yield* program.signal(signal)
      const { code, stderr } = yield* program.outcome
      if (signal === "SIGTERM" && code !== 0) this.differences.push(`cdc ended with ${code}: ${stderr}`)
      yield* Scope.close(scope, Exit.void)
    })
  }

  /** Gives `cdc` another list of tables or other masks, in one of two ways that must come to the same lake. */
  change(wanted: Wanted, way: "restart" | "SIGHUP") {
    return Effect.gen({ self: this }, function* () {
      if (way === "restart") {
        yield* this.stop("SIGTERM")
        this.wanted = wanted
        yield* this.start
      } else if (this.#running !== undefined) {
        const { program } = this.#running
        yield* program.brings("cdc holds the lock", this.#isWriter)
        this.wanted = wanted
        yield* this.write
        const taken = Effect.map(program.told, ({ stderr }) => stderr.split(inForce).length)
        const before = yield* taken
        yield* program.signal("SIGHUP")
        yield* program.brings(
          "cdc takes the settings",
          Effect.map(taken, (times) => times > before),
        )
      }
    })
  }

  /** Waits until `cdc` has written all that is committed now. */
  readonly carried = Effect.suspend(() =>
    Effect.gen({ self: this }, function* () {
      if (this.#running === undefined) return
      const id = String(++this.#marks)
      yield* Effect.orDie(this.#database.sql(`INSERT INTO ${tableSql(marks.table)} VALUES (${id})`))
      const isThere = Effect.sync(() => {
        const { folder, inc } = datasetFiles(this.#lake, marks.dataset)
        const newest = inc.at(-1)
        const written = masked(this.wanted.masks, "id", id)
        return (
          newest !== undefined && readCsvObject(folder, newest.key).rows.some((row) => row.includes(written))
        )
      })
      yield* this.#running.program.brings(`mark ${id} is in the lake`, isThere)
    }),
  )

  /** The settings are those of the last `change`, or of the round's beginning. */
  run(...args: ReadonlyArray<string>) {
    return runProgram(args, this.#environment, this.#folder, undefined, commandWithin)
  }

  /** `full` of these datasets alone. */
  copy(datasets: ReadonlyArray<string>) {
    return this.run("full", "--tables", datasets.join(","))
  }

  /** A command that must succeed. */
  must(what: string, command: Effect.Effect<Outcome>) {
    return Effect.map(command, ({ code, stdout, stderr }) => {
      if (code !== 0) this.differences.push(`${what} ended with ${code}: ${stdout}${stderr}`)
    })
  }

  readonly states = Effect.suspend(() =>
    Effect.map(this.run("status", "--json"), ({ stdout, stderr }) => {
      try {
        return Schema.decodeSync(Status)(stdout).datasets
      } catch {
        this.differences.push(`status cannot be read: ${stdout}${stderr}`)
        return []
      }
    }),
  )
}
