import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as DuckDbComparison from "../../../../layers/duckdb/DuckDbComparison.ts"
import { loadDuckDb, openEngine } from "../../../../layers/duckdb/DuckDbEngine.ts"
import { comparisonError } from "../../../../layers/duckdb/DuckDbErrors.ts"
import { LakeComparison } from "../../../../src/services/lake/LakeComparison.ts"
import { ownTemporaryFolder } from "../../../support/temporaryFolder.ts"

const opened = Effect.flatMap(LakeComparison, ({ open }) => open)

describe("The comparing engine", () => {
  it.effect("tells its memory limit apart from a full disk, and names no value", () =>
    Effect.gen(function* () {
      const folder = yield* ownTemporaryFolder
      const { run } = yield* openEngine(join(folder, "engine"), yield* loadDuckDb)
      // A list is one value, which nothing can be set aside of.
      const error = yield* Effect.flip(
        run(["CREATE TABLE t AS SELECT list(i) AS l FROM range(80000000) AS r(i)"]),
      )
      assert.strictEqual(error.reason, "Memory")
      assert.match(
        error.message,
        /needs more than the 256MB of memory that DuckDB is given\. It is a bug of this program/,
      )
    }),
  )

  for (const said of [
    "Error: IO Error: Could not write all bytes: No space left on device",
    "Error: Out of Memory Error: failed to offload data block of size 256.0 KiB (1.0 GiB/1.0 GiB used).\nThis limit was set by the 'max_temp_directory_size' setting.",
  ]) {
    it(`takes for a full disk: ${said.slice(7, 50)}…`, () => {
      const error = comparisonError("the comparison", new Error(said.slice(7)))
      assert.strictEqual(error.reason, "Full")
      assert.include(error.message, "set TMPDIR to a folder on a larger disk")
    })
  }

  it("says which kind of error it is, and nothing that may hold a value", () => {
    const cause = new Error("Conversion Error: Could not convert string 'secret' to INT32")
    const { message } = comparisonError("the comparison", cause)
    assert.match(message, /^Comparison: the comparison failed \(Conversion Error\)\./)
    assert.notInclude(message, "secret")
  })

  it.effect("begins anew for each comparison, and leaves nothing behind", () =>
    Effect.gen(function* () {
      const folder = yield* ownTemporaryFolder
      const duckDb = yield* loadDuckDb
      for (let i = 0; i < 2; i++) {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const { run, rows } = yield* openEngine(join(folder, "engine"), duckDb)
            yield* run(["CREATE TABLE t AS SELECT 'a' AS a, NULL::VARCHAR AS b"])
            assert.deepStrictEqual([...(yield* Stream.runCollect(rows("FROM t")))], [["a", null]])
          }),
        )
        assert.deepStrictEqual(yield* Effect.promise(() => readdir(folder)), [])
      }
    }),
  )

  it.effect("keeps rows in one folder, which ends with the workbench", () =>
    Effect.gen(function* () {
      const folder = yield* ownTemporaryFolder
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { rows, lake } = yield* opened
          yield* Effect.scoped(Effect.andThen(rows("live"), lake))
          const [made = ""] = yield* Effect.promise(() => readdir(folder))
          assert.deepStrictEqual(yield* Effect.promise(() => readdir(join(folder, made))), [])
          yield* rows("live")
        }),
      )
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(folder)), [])
    }).pipe(Effect.provide(DuckDbComparison.layer)),
  )
})
