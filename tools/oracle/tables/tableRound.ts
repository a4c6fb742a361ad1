/**
 * One round of tables that come and go while `cdc` runs: columns, leaves, tables, masks and the list of tables change between
 * rows, and copies heal what needs one. At the end `verify` and a replay of our own must find the lake to be the tables.
 * The seed decides the steps. How far `cdc` is at each of them is the machine's affair.
 */
import { randomBytes } from "node:crypto"
import { Effect, Fiber, Result } from "effect"
import { openLakeFolder, temporaryFolder } from "../../../test/support/lake/lakeFolder.ts"
import { TestPostgres } from "../../../test/support/postgres/postgres.ts"
import { Random } from "../../../test/support/Random.ts"
import { noMasks } from "../../rebuild/masks.ts"
import { lookAtTable } from "./catalog.ts"
import { Follower } from "./follower.ts"
import { Counts, type Kind, kinds, weightsOf } from "./kinds.ts"
import { marks, places, setup } from "./places.ts"
import { changeRows } from "./steps/rows.ts"
import { act, type Stage } from "./steps.ts"
import { checkDataset } from "./verdict.ts"

export interface TableRoundOptions {
  readonly seed: number
  /** Steps of the round. */
  readonly size: number
  readonly without: ReadonlyArray<Kind>
  /** Prints each step. */
  readonly steps?: boolean
  /** Done to the lake's folder before the verdict: so that a test sees that damage is found. */
  readonly before?: (folder: string) => Effect.Effect<void>
}

export interface TableRound {
  readonly differences: ReadonlyArray<string>
  readonly counts: Counts
  readonly changes: number
}

const walk = Effect.fnUntraced(function* (
  stage: Stage,
  steps: number,
  weights: Readonly<Record<Kind, number>>,
) {
  const { dice, counts, follower } = stage
  for (let i = 0; i < steps && follower.differences.length === 0; i++) {
    const kind = dice.weighted(weights)
    stage.says(kind)
    for (const reason of kinds[kind]) stage.explained.add(reason)
    const done = yield* Effect.result(act(stage, kind))
    if (Result.isFailure(done)) {
      counts.refused(kind)
      stage.says(`  refused: ${done.failure.message}`)
      yield* Effect.ignore(stage.session.sql("ROLLBACK"))
    } else if (done.success) counts.did(kind)
  }
})

/** Datasets that need a copy, all for a reason that some step explains. */
const incomplete = Effect.fnUntraced(function* ({ follower, explained }: Stage) {
  const states = yield* follower.states
  const open = states.filter(({ state }) => state !== "followed" && state !== "left")
  for (const { dataset, state, reason } of open)
    if (reason === null || !explained.has(reason))
      follower.differences.push(`${dataset}: ${state} (${reason}), which no step explains`)
  return open.map(({ dataset }) => dataset)
})

const heal = Effect.fnUntraced(function* (stage: Stage) {
  const { follower } = stage
  yield* follower.must("cdc --once", follower.run("cdc", "--once"))
  const open = yield* incomplete(stage)
  if (open.length > 0) yield* follower.must(`full of ${open}`, follower.copy(open))
  yield* follower.must("cdc --once", follower.run("cdc", "--once"))
  const left = yield* incomplete(stage)
  if (left.length > 0) follower.differences.push(`${left}: not complete after a full of them`)
  stage.explained.clear()
})

/** Tables that were dropped and are still in the list. */
const bringBack = Effect.fnUntraced(function* (stage: Stage) {
  for (const place of stage.follower.wanted.followed) {
    if ((yield* lookAtTable(stage.session, place.table)) !== undefined) continue
    stage.explained.add("replaced")
    yield* act(stage, "create table", place)
  }
})

const judge = Effect.fnUntraced(function* ({ follower, database, folder }: Stage) {
  const { code, stdout, stderr } = yield* follower.run("verify")
  if (code !== 0) follower.differences.push(`verify ended with ${code}: ${stdout}${stderr}`)
  let changes = 0
  for (const place of [marks, ...follower.wanted.followed]) {
    const checked = yield* checkDataset(folder, database, place, follower.wanted.masks)
    follower.differences.push(...checked.found)
    changes += checked.changes
  }
  return changes
})

export const runTableRound = Effect.fn("runTableRound")(function* (options: TableRoundOptions) {
  const { seed, size, without } = options
  const dice = new Random(seed).fork("tables")
  const database = yield* (yield* TestPostgres).database(setup(dice.fork("setup")))
  const lake = yield* openLakeFolder
  const slot = `tables_${randomBytes(5).toString("hex")}`
  const environment = {
    DATABASE_URL: `${database.url}?sslmode=disable`,
    LAKE_URL: lake.url,
    LAKE_LAYOUT: "datasets",
    REPLICATION_SLOT: slot,
    POLL_INTERVAL: dice.pick(["50ms", "200ms", "1s"]),
    BATCH_MAX_CHANGES: String(dice.pick([1, 20, 1_000_000])),
  }
  const wanted = { followed: places.filter(() => dice.is(0.8)), patterned: [], masks: noMasks }
  const follower = new Follower(database, environment, lake.folder, yield* temporaryFolder, wanted)
  const startedAt = performance.now()
  const stage: Stage = {
    says: (what) => {
      if (options.steps === true)
        console.log(`${((performance.now() - startedAt) / 1000).toFixed(1)} ${what}`)
    },
    dice: dice.fork("steps"),
    database,
    folder: lake.folder,
    session: yield* database.session,
    long: { session: yield* database.session, isOpen: false },
    follower,
    counts: new Counts(),
    explained: new Set<string>(),
    copies: [],
  }
  yield* stage.session.sql("SET lock_timeout = '2s'")
  yield* stage.long.session.sql("SET lock_timeout = '500ms'")
  for (let i = 0; i < 20; i++)
    yield* Effect.ignore(changeRows(stage.session, stage.dice.pick(places), stage.dice))
  yield* database.sql("SELECT pg_create_logical_replication_slot($1, 'test_decoding')", [slot])
  yield* follower.write
  yield* follower.must("full", follower.run("full"))
  yield* follower.start

  yield* walk(stage, size, weightsOf({ without, harmless: false }))
  if (stage.long.isOpen) yield* Effect.ignore(stage.long.session.sql("COMMIT"))
  for (const copy of stage.copies) yield* Fiber.join(copy)
  yield* bringBack(stage)
  yield* follower.stop("SIGTERM")
  yield* heal(stage)
  // Rows and what needs no new copy, in the lake that was healed: all of it must be followed.
  yield* follower.start
  yield* follower.carried
  yield* walk(stage, Math.ceil(size / 2), weightsOf({ without, harmless: true }))
  if (stage.long.isOpen) yield* Effect.ignore(stage.long.session.sql("COMMIT"))
  for (const copy of stage.copies) yield* Fiber.join(copy)
  yield* follower.stop("SIGTERM")
  yield* heal(stage)
  if (options.before !== undefined) yield* options.before(lake.folder)
  const changes = follower.differences.length === 0 ? yield* judge(stage) : 0
  const round: TableRound = { differences: follower.differences, counts: stage.counts, changes }
  return round
}, Effect.scoped)
