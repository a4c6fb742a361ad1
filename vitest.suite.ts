import "./vitest.node20.ts"
import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

/** What needs another server, another machine or hours: each has a configuration of its own. */
export const elsewhere = ["test/s3/**", "test/spark/**", "test/pooler/**"]

/**
 * `npm run test:long`: lakes damaged in many ways, memory, values as long as PostgreSQL allows, real waiting, and what starts
 * the program some hundred times.
 */
export const long = [
  "test/e2e/cdc/stopping.e2e.test.ts",
  "test/e2e/cdc/tables.e2e.test.ts",
  "test/e2e/columns/schemaHistory.e2e.test.ts",
  "test/e2e/doctor/doctor.e2e.test.ts",
  "test/e2e/oracle/tables.e2e.test.ts",
  "test/e2e/verify/verify-damage.e2e.test.ts",
  "test/e2e/failure/healing.e2e.test.ts",
  "test/e2e/failure/healing-lake.e2e.test.ts",
  "test/e2e/failure/unfencedStore.e2e.test.ts",
  "test/e2e/memory/largeRows.e2e.test.ts",
  "test/e2e/memory/manyDatasets.e2e.test.ts",
  "test/e2e/cdc/longRows.e2e.test.ts",
  "test/e2e/full/longValue.e2e.test.ts",
  "test/e2e/full/sizes.e2e.test.ts",
  "test/unit/layers/s3/PartMemory.test.ts",
]

/** `npm run test:fence`: histories without one rule of the fence, until one goes wrong. */
export const fenceRules = "test/unit/pipeline/fence/rules.test.ts"

interface Suite {
  readonly include: Array<string>
  readonly exclude?: Array<string>
  /** Of a test and of a hook, in milliseconds; 0 for none. */
  readonly timeout: number
}

/**
 * One worker more than cores: the tests wait for servers and processes a quarter of their time. A worker runs one file
 * after another: these share the modules that they import, and the PostgreSQL of the worker (`TestPostgres.shared`).
 */
export const suite = ({ include, exclude = [], timeout }: Suite) =>
  defineConfig({
    test: {
      include,
      exclude,
      isolate: false,
      maxWorkers: availableParallelism() + 1,
      testTimeout: timeout,
      hookTimeout: timeout,
    },
  })
