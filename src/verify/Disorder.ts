/** The order of a dataset's changes, where reading them one after the other has shown that it is broken. */
import { Effect, Stream } from "effect"
import * as Sql from "../core/OrderSql.ts"
import type { Workbench } from "../services/LakeComparison.ts"
import { ObjectStore, type StoredObject } from "../services/ObjectStore.ts"
import { readPlaces } from "./IncReading.ts"
import type { Tell } from "./Tell.ts"

/** Changes that stand twice, and objects whose rows do not follow those before them. */
export const tellDisorder = Effect.fnUntraced(function* (
  workbench: Workbench,
  objects: ReadonlyArray<StoredObject>,
  tell: Tell,
) {
  const store = yield* ObjectStore
  const file = yield* workbench.file("places.csv")
  for (const [i, { key }] of objects.entries()) yield* readPlaces(store, key, i, file)
  yield* workbench.run(Sql.loadPlaces(file.path))
  const keyOf = (object: string | null | undefined) => objects[Number(object)]?.key ?? ""
  yield* Stream.runForEach(workbench.rows(Sql.doubledQuery), ([lsn, seq, where]) => {
    const places = (where ?? "").split(",").map((place) => place.split(":"))
    const objects = places.map(([object, line]) => `${keyOf(object)} row ${line}`)
    return tell({ kind: "twice", lsn: lsn ?? "", seq: Number(seq), objects })
  })
  yield* Stream.runForEach(workbench.rows(Sql.disorderedQuery), ([object, line]) =>
    tell({
      kind: "order",
      object: keyOf(object),
      why: `row ${line} stands after rows that were committed later`,
    }),
  )
}, Effect.scoped)
