/** Finds changes that stand twice or out of order, by the statements of `sql/OrderSql.ts`. */
import { Effect, Option, Stream } from "effect"
import type { ChangeLocations } from "../../src/services/lake/ComparedRows.ts"
import type { ChangeOrder, ObjectOverlap } from "../../src/services/lake/LakeComparison.ts"
import type { DuckDbEngine } from "./DuckDbEngine.ts"
import { pathOf } from "./rows/RowFile.ts"
import * as Sql from "./sql/OrderSql.ts"

/** Reads a list such as `1,2`. */
const numbersIn = (text: string | null | undefined): ReadonlyArray<number> =>
  (text ?? "").split(",").map(Number)

const overlapOf = (engine: DuckDbEngine): ObjectOverlap => ({
  covered: (kept) =>
    engine.rows(Sql.coveredQuery).pipe(
      Stream.filter(([object]) => !kept.has(Number(object))),
      Stream.runHead,
      Effect.map(
        Option.map(([object, changes, holders]) => ({
          object: Number(object),
          changes: Number(changes),
          holders: numbersIn(holders),
        })),
      ),
    ),
  takeOut: (object) => engine.run(Sql.takenOutStatements(object)),
  shares: Stream.map(engine.rows(Sql.sharesQuery), ([objects, changes, differing]) => ({
    objects: numbersIn(objects),
    changes: Number(changes),
    differing: Number(differing),
  })),
})

/** `folder` is the workbench's. */
export const orderIn = Effect.fnUntraced(function* (
  engine: DuckDbEngine,
  folder: string,
  locations: ChangeLocations,
) {
  yield* engine.run(Sql.loadLocations(pathOf(folder, locations)))
  const order: ChangeOrder = {
    repeated: Stream.map(engine.rows(Sql.doubledQuery), ([lsn, seq, where]) => ({
      lsn: lsn ?? "",
      seq: Number(seq),
      locations: (where ?? "").split(",").map((location) => {
        const [object, line] = location.split(":")
        return { object: Number(object), line: Number(line) }
      }),
    })),
    overlap: Effect.as(engine.run(Sql.sharedStatements), overlapOf(engine)),
    disordered: Stream.map(engine.rows(Sql.disorderedQuery), ([object, line]) => ({
      object: Number(object),
      line: Number(line),
    })),
  }
  return order
})
