/** The program that carries the tables of a round: `cdc` while the round goes on, and the commands beside it. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect, Exit, Schema, Scope } from "effect"
import type { TestDatabase } from "../../../test/support/postgres/postgres.ts"
import {
  type Environment,
  type RunningProgram,
  runProgram,
  startProgram,
} from "../../../test/support/program/program.ts"
import { datasetFiles, readCsvObject } from "../../rebuild/datasetFiles.ts"
import { type Masks, maskSettings } from "../../rebuild/masks.ts"
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

/** What SOURCE_TABLES and the settings of columns say at this moment. */
export interface Wanted {
  readonly followed: ReadonlyArray<Place>
  readonly masks: Masks
}

/** As `.env` has it: there a running `cdc` can read it again. */
const envFileOf = ({ followed, masks }: Wanted): string => {
  const tables = [marks, ...followed].map(({ table, dataset }) => `${tableSql(table)}=${dataset}`).join(",")
  return Object.entries({ SOURCE_TABLES: tables, ...maskSettings(masks) })
    .map(([name, value]) => `${name}='${value}'\n`)
    .join("")
}

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

  readonly #write = Effect.suspend(() =>
    Effect.promise(() => writeFile(join(this.#folder, ".env"), envFileOf(this.wanted))),
  )

  readonly start = Effect.suspend(() =>
    Effect.gen({ self: this }, function* () {
      yield* this.#write
      const scope = yield* Scope.make()
      const program = yield* Scope.provide(startProgram(["cdc"], this.#environment, this.#folder), scope)
      this.#running = { program, scope }
    }),
  )

  /** Ends `cdc`; in good order where `signal` asks it to. */
  stop(signal: "SIGTERM" | "SIGKILL") {
    return Effect.gen({ self: this }, function* () {
      if (this.#running === undefined) return
      const { program, scope } = this.#running
      this.#running = undefined
      // Node ends at a SIGTERM before the program listens to it.
      if (signal === "SIGTERM") yield* program.says("cdc: ")
      yield* program.signal(signal)
      const { code, stderr } = yield* program.outcome
      if (signal === "SIGTERM" && code !== 0) this.differences.push(`cdc ended with ${code}: ${stderr}`)
      yield* Scope.close(scope, Exit.void)
    })
  }

  /** Starts `cdc` with another list of tables or other masks. This is a restart; one day it is a SIGHUP, too. */
  change(wanted: Wanted) {
    return Effect.gen({ self: this }, function* () {
      yield* this.stop("SIGTERM")
      this.wanted = wanted
      yield* this.start
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
        return newest !== undefined && readCsvObject(folder, newest.key).rows.some((row) => row.includes(id))
      })
      yield* this.#running.program.brings(`mark ${id} is in the lake`, isThere)
    }),
  )

  run(...args: ReadonlyArray<string>) {
    return Effect.andThen(
      this.#write,
      runProgram(args, this.#environment, this.#folder, undefined, commandWithin),
    )
  }

  /** A command that must succeed. */
  must(...args: ReadonlyArray<string>) {
    return Effect.gen({ self: this }, function* () {
      const { code, stdout, stderr } = yield* this.run(...args)
      if (code !== 0) this.differences.push(`${args.join(" ")} ended with ${code}: ${stdout}${stderr}`)
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
