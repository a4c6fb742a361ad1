/** What each layer of `LakeComparison` does. */
import { describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as CsvFormat from "../../../layers/csv/CsvFormat.ts"
import * as MemoryObjectStore from "../../../layers/memory/MemoryObjectStore.ts"
import type { LakeComparison } from "../../../src/services/lake/LakeComparison.ts"
import { orderContract } from "./orderContract.ts"
import { replayContract } from "./replayContract.ts"

export const lakeComparisonContract = (name: string, layer: Layer.Layer<LakeComparison>) => {
  describe(`the comparison by ${name}`, () => {
    for (const [behaviour, program] of [...replayContract, ...orderContract]) {
      it.effect(behaviour, () =>
        Effect.provide(program, Layer.mergeAll(layer, MemoryObjectStore.layer, CsvFormat.layer("none"))),
      )
    }
  })
}
