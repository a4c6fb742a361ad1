/**
 * One round: a database of random tables, writers that change them, the program that carries them, and the comparison of
 * what the lake says with what PostgreSQL said. All chance comes from the seed.
 */
import { randomBytes } from "node:crypto"
import { Effect } from "effect"
import { openLakeFolder } from "../../test/support/lake/lakeFolder.ts"
import { openSession } from "../../test/support/postgres/pgClient.ts"
import { type TestDatabase, TestPostgres } from "../../test/support/postgres/postgres.ts"
import { runProgram } from "../../test/support/program/program.ts"
import { Random } from "../../test/support/Random.ts"
import { promisedSettings } from "../../test/support/table/awkwardTable.ts"
import { distinctNames, type Encoding } from "./values/hostileText.ts"
import { checkFulls } from "./verdict/fullVerdict.ts"
import { checkInc } from "./verdict/incVerdict.ts"
import { differencesInDuckdb, readObject } from "./verdict/lakeRows.ts"
import { checkReplay } from "./verdict/replayVerdict.ts"
import { lookAt } from "./verdict/tableLook.ts"
import type { WitnessedTransaction } from "./verdict/witness.ts"
import { carry } from "./workload/definitions.ts"
import { tableSql } from "./workload/sql.ts"
import { createTable } from "./workload/tables.ts"
import { commit, makeWriter, type Place, step, type Tally, type Writer } from "./workload/writer.ts"
import { hostileDefaults, makeWorld, type World } from "./world.ts"

/** What a round came upon; good where it found nothing. */
export interface RoundReport {
  readonly differences: ReadonlyArray<string>
  readonly changes: number
  readonly statements: number
  readonly mistakes: ReadonlyMap<string, number>
}

/** A writer waits for nobody: where it would have to, its statement is one of the mistakes. */
const writerSettings = `${promisedSettings}
  SET lock_timeout = '50ms'; SET default_transaction_isolation = 'read committed'; SET array_nulls = on; SET xmloption = 'content';
  SET default_transaction_deferrable = off; SET client_min_messages = 'error'`

/** A database, and where the program finds it. Its own time limit is meant for the program, not for us. */
const createDatabase = Effect.fn("createDatabase")(function* (encoding: Encoding) {
  const made = yield* (yield* TestPostgres).database(undefined, encoding)
  const superuserUrl = `${made.superuserUrl}?options=-c%20statement_timeout%3D0`
  const session = openSession(superuserUrl)
  const database: TestDatabase = { ...made, superuserUrl, session, sql: (yield* session).sql }
  return { database, programUrl: `${made.url}?sslmode=disable` }
})

const makePlaces = (dice: Random, world: World): ReadonlyArray<Place> => {
  const count = dice.between(1, 3)
  const names = distinctNames(dice, world.encoding, count + 1, world.typeNames)
  return names.map((name, i) => {
    const schema = dice.pick(world.schemas)
    const others = world.schemas.filter((other) => other !== schema)
    return {
      table: { schema, name },
      away: dice.is(0.5) ? { schema, name: `longe ${i}` } : { schema: dice.pick(others), name },
      ...(i < count ? { dataset: `d${i}` } : {}),
    }
  })
}

/** A table that the server does not take (too wide a row, a name twice) is drawn again. */
const createTables = Effect.fnUntraced(function* (
  dice: Random,
  world: World,
  places: ReadonlyArray<Place>,
  { sql }: TestDatabase,
) {
  for (const { table } of places) {
    yield* Effect.suspend(() => sql(`BEGIN; ${createTable(dice, world, table).join(";")}; COMMIT`)).pipe(
      Effect.tapError(() => sql("ROLLBACK")),
      Effect.retry({ times: 50 }),
    )
  }
})

export const runRound = Effect.fn("runRound")(function* (seed: number, size: number) {
  const dice = new Random(seed)
  const encoding = dice.weighted<Encoding>({ UTF8: 6, LATIN1: 1, EUC_JP: 1 })
  const { database, programUrl } = yield* createDatabase(encoding)
  yield* database.sql(promisedSettings)
  // Names may clash: an array's type has the name of its element's with `_` before it.
  const [server] = yield* database.sql("SHOW server_version_num")
  const version = Number(server?.["server_version_num"])
  const world = yield* Effect.suspend(() => {
    const drawn = makeWorld(dice, encoding, version)
    return Effect.as(database.sql(drawn.setup), drawn)
  }).pipe(Effect.retry({ times: 20 }))
  const places = makePlaces(dice.fork("places"), world)
  yield* createTables(dice.fork("tables"), world, places, database)

  const lake = yield* openLakeFolder
  const slot = `oracle_${randomBytes(5).toString("hex")}`
  const followed = places.flatMap(({ table, dataset }) => (dataset === undefined ? [] : [{ table, dataset }]))
  const environment = {
    DATABASE_URL: programUrl,
    LAKE_URL: lake.url,
    SOURCE_TABLES: followed.map(({ table, dataset }) => `${tableSql(table)}=${dataset}`).join(","),
    REPLICATION_SLOT: slot,
  }
  const differences: Array<string> = []
  const run = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
    // A commit brings the log to the disk up to a record's end. Where it ends inside a record (open transactions write,
    // too), the server's own reading of the log waits for the rest, up to 25 s.
    yield* database.sql("SELECT pg_logical_emit_message(true, '', '')")
    const bound = { BATCH_MAX_CHANGES: String(dice.pick([1, 2, 7, 60, 1_000_000])) }
    const { code, stderr } = yield* runProgram(args, { ...environment, ...bound })
    if (code !== 0) differences.push(`${args.join(" ")} ended with ${code}: ${stderr}`)
  })

  const writers: Array<Writer> = []
  for (const name of ["one", "two", "three"]) {
    const session = yield* database.session
    yield* session.sql(writerSettings)
    writers.push(makeWriter({ session, dice: dice.fork(name), world, places }))
  }
  const tally: Tally = { statements: 0, typeChanges: 0, mistakes: new Map() }
  const committed: Array<WitnessedTransaction> = []
  const settle = Effect.fnUntraced(function* (which: (writer: Writer) => boolean) {
    for (const writer of writers.filter(which)) {
      const transaction = yield* commit(writer)
      if (transaction !== undefined) committed.push(transaction)
    }
  })
  const write = Effect.fnUntraced(function* (steps: number, definitions: boolean) {
    for (let i = 0; i < steps; i++) {
      const { typeChanges } = tally
      const writer = dice.pick(writers)
      const transaction = yield* step(writer, tally, { definitions })
      if (transaction !== undefined) committed.push(transaction)
      // The server prints rows that were written before a type changed as it prints those of the transaction that it told
      // before (docs/values.md): so no transaction is open then that was open before.
      if (tally.typeChanges > typeChanges) yield* settle((other) => other !== writer)
      if (tally.typeChanges > typeChanges) yield* settle(() => true)
    }
  })

  /** Nobody may be at work in a table that is to move; and a writer that ends may move others, or bring this one back. */
  const bringBack = Effect.gen(function* () {
    const isAway = ({ table }: Place) => Effect.map(lookAt(database, table), (found) => found === undefined)
    if ((yield* Effect.filter(places, isAway)).length === 0) return
    yield* settle(() => true)
    for (const { table, away } of yield* Effect.filter(places, isAway))
      yield* database.sql(carry(away, table))
  })

  yield* write(20, false)
  yield* settle(() => true)
  // What was before the slot is told by `full` alone.
  committed.length = 0
  yield* database.sql("SELECT pg_create_logical_replication_slot($1, 'test_decoding')", [slot])
  yield* database.sql(hostileDefaults(dice.fork("defaults"), database.name, world))

  for (let part = 0; part < 2; part++) {
    const { typeChanges } = tally
    yield* write(size, true)
    // A row speaks in the words of its own moment: one that was written before a type changed and is committed after
    // `full` would still be in the old ones.
    const isChanged = tally.typeChanges > typeChanges
    yield* settle(() => isChanged)
    yield* bringBack
    yield* run("cdc", "--once")
  }
  // A copy waits for whoever has a table for himself.
  yield* settle(({ holdsTables }) => holdsTables)
  yield* bringBack
  yield* run("full")
  differences.push(...(yield* checkFulls(lake, database, followed)))
  yield* write(size, false)
  yield* run("cdc", "--once")
  yield* write(size, false)
  yield* settle(() => true)
  yield* run("cdc", "--once")

  for (const { dataset, table } of followed) {
    const prefix = followed.length === 1 ? "inc/date=" : `inc/${dataset}/`
    const objects = yield* Effect.forEach(yield* lake.objects(prefix), (key) => readObject(lake, key))
    differences.push(...checkInc(dataset, objects, committed))
    for (const object of objects) differences.push(...(yield* differencesInDuckdb(lake, object)))
    differences.push(...(yield* checkReplay(lake, database, dataset, table, objects)))
  }
  const report: RoundReport = {
    differences,
    changes: committed.reduce((sum, { changes }) => sum + changes.length, 0),
    statements: tally.statements,
    mistakes: tally.mistakes,
  }
  return report
}, Effect.scoped)
