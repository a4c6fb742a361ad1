/** Each refusal of `full`, provoked through the pipeline. */
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { lakeKeys, put, settings, shop, textOf, world } from "../../../support/memory/memoryWorld.ts"
import { brokenWatermark, type Cases, check, otherDatabase, otherLayout, otherServer } from "./refusal.ts"

/** A copy that a server of another database made: a lake without a watermark. */
const copiedElsewhere = Effect.gen(function* () {
  yield* shop
  yield* Pipeline.full
  for (const key of (yield* lakeKeys).filter((one) => one.endsWith(".json")))
    yield* put(key, (yield* textOf(key)).replace('"database": "loja"', '"database": "outra"'))
})

const ofFull: Cases = {
  "another layout than the lake was begun with": {
    ...otherLayout,
    run: Effect.provide(Pipeline.full, settings({ LAKE_LAYOUT: "datasets" })),
    says: ["begun with LAKE_LAYOUT=single", "another LAKE_URL"],
  },
  "a lake whose watermark belongs to another server, with --new-source too": {
    ...otherServer,
    run: Pipeline.fullInto({ isNewSource: true }),
  },
  "a lake whose watermark belongs to another database, with --new-source too": {
    ...otherDatabase,
    run: Pipeline.fullInto({ isNewSource: true }),
  },
  "a lake whose newest copy is of another database": {
    given: copiedElsewhere,
    reason: "ForeignWatermark",
    says: ['"clientes"', 'database "outra"', 'not of "loja"', "--new-source"],
  },
  "a watermark that cannot be read": brokenWatermark,
  "with 2 a table that is not there": {
    given: Effect.map(shop, ({ server, clientes }) => server.dropTable(clientes)),
    reason: "SchemaOrTableMissing",
    code: 2,
    says: ["cliente", "SOURCE_TABLES"],
  },
}

describe("full refuses", () => {
  for (const [title, one] of Object.entries(ofFull)) check(title, { run: Pipeline.full, ...one })
})
describe("full takes", () => {
  it.effect("a lake whose newest copy is of another database, where it is told that the source is new", () =>
    Effect.gen(function* () {
      yield* copiedElsewhere
      yield* Pipeline.fullInto({ isNewSource: true })
      yield* Pipeline.full
    }).pipe(Effect.provide(world())),
  )
})
