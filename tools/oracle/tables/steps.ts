/** Carries one step out. */
import { Effect, Fiber, type Scope } from "effect"
import type { SqlFailure, TestSession } from "../../../test/support/postgres/pgClient.ts"
import type { TestDatabase } from "../../../test/support/postgres/postgres.ts"
import type { Random } from "../../../test/support/Random.ts"
import type { Masks } from "../../rebuild/masks.ts"
import { tableSql } from "../workload/sql.ts"
import { lookAtTable } from "./catalog.ts"
import type { Follower } from "./follower.ts"
import type { Counts, Kind } from "./kinds.ts"
import { makeTable, type Place, places } from "./places.ts"
import { changeColumns, changeIdentity, isColumnKind, maskedNames } from "./steps/columns.ts"
import { changeLeaves, isLeafKind } from "./steps/leaves.ts"
import { changeRows, moveRows } from "./steps/rows.ts"

export interface Stage {
  readonly dice: Random
  readonly database: TestDatabase
  /** The lake's. */
  readonly folder: string
  readonly session: TestSession
  /** A transaction that stays open over several steps. */
  readonly long: { readonly session: TestSession; isOpen: boolean }
  readonly follower: Follower
  readonly counts: Counts
  /** Reasons for a new copy that steps have given. */
  readonly explained: Set<string>
  /** Copies that go on beside the steps. */
  readonly copies: Array<Fiber.Fiber<void>>
  readonly says: (what: string) => void
}

const partitioned = places.filter(({ isPartitioned }) => isPartitioned)

const drawMasks = (dice: Random): Masks => {
  const [excluded, hashed] = [maskedNames.filter(() => dice.is(0.25)), [...maskedNames, "id"]]
  return {
    excluded,
    hashed: hashed.filter((name) => !excluded.includes(name) && dice.is(0.25)),
    key: dice.pick(["uma chave de trinta e dois bytes.", "outra chave de trinta e dois byte"]),
  }
}

const inTransaction = Effect.fnUntraced(function* ({ session, dice }: Stage) {
  yield* session.sql("BEGIN")
  for (let left = dice.between(1, 4); left > 0; left--) {
    yield* changeRows(session, dice.pick(places), dice)
    if (!dice.is(0.1)) continue
    yield* session.sql("SAVEPOINT s")
    yield* changeRows(session, dice.pick(places), dice)
    yield* session.sql(dice.is(0.5) ? "ROLLBACK TO s" : "RELEASE s")
  }
  yield* session.sql(dice.is(0.05) ? "ROLLBACK" : "COMMIT")
})

const keepOpen = Effect.fnUntraced(function* ({ long, dice }: Stage) {
  if (long.isOpen) {
    long.isOpen = false
    yield* long.session.sql("COMMIT")
    return
  }
  yield* long.session.sql("BEGIN")
  long.isOpen = true
  yield* changeRows(long.session, dice.pick(places), dice).pipe(
    Effect.tapError(() => {
      long.isOpen = false
      return Effect.ignore(long.session.sql("ROLLBACK"))
    }),
  )
})

/** A copy of what needs one, or of one table, while `cdc` and the steps go on. A table may be gone when its turn comes. */
const copy = Effect.fnUntraced(function* (stage: Stage) {
  const { follower, dice } = stage
  const open = (yield* follower.states).filter(({ state }) => /full/.test(state ?? ""))
  const [some, fallback] = [open.map(({ dataset }) => dataset), dice.pick(follower.wanted.followed).dataset]
  const running = follower.copy(some.length > 0 && dice.is(0.8) ? some : [fallback])
  const fiber = yield* Effect.forkDetach(Effect.asVoid(running))
  stage.copies.push(fiber)
  // Settings must not change under it.
  if (dice.is(0.5)) yield* Fiber.join(fiber)
})

const copiesDone = ({ copies }: Stage) => Effect.forEach(copies.splice(0), (fiber) => Fiber.join(fiber))

type SettingsKind = "table list" | "table list by SIGHUP" | "masks" | "masks by SIGHUP"

const changeSettings = Effect.fnUntraced(function* (stage: Stage, kind: SettingsKind) {
  const { follower, dice } = stage
  yield* copiesDone(stage)
  const way = kind.endsWith("by SIGHUP") ? "SIGHUP" : "restart"
  const { wanted } = follower
  if (kind.startsWith("masks")) return yield* follower.change({ ...wanted, masks: drawMasks(dice) }, way)
  const next = places.filter((place) => wanted.followed.includes(place) !== dice.is(0.35))
  const patterned = places.filter(() => dice.is(0.3))
  // A named table that neither the catalog nor the lake knows is refused.
  const there = yield* Effect.filter(next, ({ table }) =>
    Effect.map(lookAtTable(stage.session, table), (look) => look !== undefined),
  )
  const followed = there.length === 0 ? wanted.followed : there
  yield* follower.change({ ...wanted, followed, patterned }, way)
})

const dropTable = Effect.fnUntraced(function* ({ session, dice, follower }: Stage) {
  const { table } = dice.pick(places)
  if ((yield* lookAtTable(session, table)) === undefined) return false
  // A table that neither the catalog nor the watermark knows is refused: `cdc` must have written that it follows this one.
  yield* follower.carried
  yield* follower.carried
  yield* session.sql(`DROP TABLE ${tableSql(table)}`)
  return true
})

const createTable = Effect.fnUntraced(function* ({ session, dice }: Stage, place: Place) {
  if ((yield* lookAtTable(session, place.table)) !== undefined) return false
  yield* session.sql(`BEGIN; ${makeTable(place, dice)}; COMMIT`)
  return true
})

/** False where nothing could be done. */
export const act = (
  stage: Stage,
  kind: Kind,
  place?: Place,
): Effect.Effect<boolean, SqlFailure, Scope.Scope> =>
  Effect.gen(function* () {
    const { session, dice, follower } = stage
    const some = place ?? dice.pick(places)
    if (isColumnKind(kind)) {
      // The log has names alone: rows from before would be taken for rows of the new column (docs/verifying.md).
      if (kind === "column again") yield* follower.carried
      return yield* changeColumns(session, some, dice, kind)
    }
    if (isLeafKind(kind))
      return yield* changeLeaves(session, dice.pick(partitioned), dice, kind, follower.carried)
    switch (kind) {
      case "rows":
        yield* inTransaction(stage)
        return true
      case "move":
        yield* moveRows(session, dice.pick(partitioned), dice)
        return true
      case "long transaction":
        yield* keepOpen(stage)
        return true
      case "truncate table":
        yield* session.sql(`TRUNCATE ${tableSql(some.table)}`)
        return true
      case "vacuum full":
        // What older rows hold is then told by the lake alone: so it must have a row with the newest columns.
        yield* changeRows(session, some, dice)
        yield* follower.carried
        yield* session.sql(`VACUUM FULL ${tableSql(some.table)}`)
        return true
      case "identity":
        return yield* changeIdentity(session, some, dice)
      case "drop table":
        return yield* dropTable(stage)
      case "create table": {
        const gone = yield* Effect.filter(places, ({ table }) =>
          Effect.map(lookAtTable(session, table), (look) => look === undefined),
        )
        return gone.length === 0 ? false : yield* createTable(stage, place ?? dice.pick(gone))
      }
      case "table list":
      case "table list by SIGHUP":
      case "masks":
      case "masks by SIGHUP":
        yield* changeSettings(stage, kind)
        return true
      case "restart":
      case "kill":
        yield* follower.stop(kind === "kill" ? "SIGKILL" : "SIGTERM")
        yield* follower.start
        return true
      case "full":
        yield* copy(stage)
        return true
    }
  })
