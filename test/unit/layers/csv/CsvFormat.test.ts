import { describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as CsvFormat from "../../../../layers/csv/CsvFormat.ts"
import * as MemoryObjectStore from "../../../../layers/memory/MemoryObjectStore.ts"
import { rowFormatContract } from "../../../contract/rowFormatContract.ts"

for (const compression of ["none", "gzip"] as const)
  describe(`objects of CSV, with CSV_COMPRESSION=${compression}`, () => {
    const lake = Layer.fresh(Layer.merge(CsvFormat.layer(compression), MemoryObjectStore.layer))
    for (const [behaviour, program] of rowFormatContract)
      it.effect(behaviour, () => Effect.provide(program, lake))
  })
