/** `verify` under COLUMNS_EXCLUDE and COLUMNS_HASH. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import * as DuckDbComparison from "../../../../layers/duckdb/DuckDbComparison.ts"
import { full } from "../../../../src/Pipeline.ts"
import { LakeComparison } from "../../../../src/services/lake/LakeComparison.ts"
import { type CopiedRows, SourceTables } from "../../../../src/services/source/SourceTables.ts"
import { changed, compared, created, tableOf } from "../../../support/memory/comparedWorld.ts"
import { cdcOnce, settings, world } from "../../../support/memory/memoryWorld.ts"
import { hashKey } from "../../../support/slot/projectedChange.ts"
import { ownTemporaryFolder } from "../../../support/temporaryFolder.ts"

const tables = "public.t"
const rules = {
  SOURCE_TABLES: tables,
  COLUMNS_EXCLUDE: "*.cpf",
  COLUMNS_HASH: "public.t.id,public.t.email",
  COLUMNS_HASH_KEY: hashKey,
}

const row = (id: string, email: string | null = "segredo") => ({ id, cpf: "segredo", email, cidade: "x" })

/** A lake with a copy and changes, of which the last one is in the slot alone. */
const filled = Effect.gen(function* () {
  const { tables } = yield* created(tableOf("t", ["id", "cpf", "email", "cidade"], ["id"]))
  const [t] = tables
  if (t === undefined) return yield* Effect.die(new Error("no table"))
  yield* changed((tx) => {
    tx.insert(t, row("1"))
    tx.insert(t, row("2", null))
    tx.insert(t, row("3"))
  })
  yield* full
  yield* changed((tx) => tx.update(t, { id: "1" }, { id: "11", email: "segredo-novo", cpf: null }))
  yield* changed((tx) => tx.delete(t, { id: "2" }))
  yield* cdcOnce
  yield* changed((tx) => tx.update(t, { id: "3" }, { email: "segredo-outro" }))
  return t
})

/** Everything that the files in the folder and below it hold. */
const textBelow = (folder: string): string =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8"))
    .join("")

describe("verify of masked columns", () => {
  it.effect("compares hashes, and no columns that are excluded", () =>
    Effect.gen(function* () {
      yield* filled
      const told = yield* compared
      assert.strictEqual(told.code, 0, told.lines.join("\n") + told.message)
    }).pipe(Effect.provide(world(rules))),
  )

  it.effect("finds a value that differs, and prints no value of it", () =>
    Effect.gen(function* () {
      yield* filled
      const told = yield* compared.pipe(
        Effect.updateService(SourceTables, (real) =>
          SourceTables.of({
            ...real,
            snapshot: (wanted) =>
              Effect.map(real.snapshot(wanted), (snapshot) => ({
                ...snapshot,
                copy: (description) => {
                  const copy = snapshot.copy(description)
                  const replaced = ({ bytes, ...chunk }: CopiedRows) => ({
                    ...chunk,
                    bytes: Buffer.from(
                      Buffer.from(bytes).toString().replace("segredo-novo", "segredo-alheio"),
                    ),
                  })
                  return {
                    open: (divideFrom) =>
                      Effect.map(copy.open(divideFrom), ({ header, parts }) => ({
                        header,
                        parts: parts.map((rows) => Stream.map(rows, replaced)),
                      })),
                  }
                },
              })),
          }),
        ),
      )
      assert.strictEqual(told.code, 4, told.lines.join("\n"))
      assert.match(told.lines.join("\n"), /email/)
      assert.notMatch(told.lines.join("\n") + told.message, /segredo/)
    }).pipe(Effect.provide(world(rules))),
  )

  it.effect("puts no value of such a column on this machine's disk", () =>
    Effect.gen(function* () {
      yield* filled
      const folder = yield* ownTemporaryFolder
      let written = ""
      const told = yield* compared.pipe(
        Effect.updateService(LakeComparison, (real) =>
          LakeComparison.of({
            open: Effect.map(real.open, (workbench) => ({
              ...workbench,
              replay: (source) => {
                written += textBelow(folder)
                return workbench.replay(source)
              },
            })),
          }),
        ),
      )
      assert.strictEqual(told.code, 0)
      assert.isAbove(written.length, 100)
      assert.notMatch(written, /segredo/)
    }).pipe(Effect.provide(Layer.merge(world(rules), DuckDbComparison.layer))),
  )

  const others = settings({ ...rules, COLUMNS_EXCLUDE: "*.cidade" })

  it.effect("needs a full under the settings that cdc has begun with, and reads nothing before", () =>
    Effect.gen(function* () {
      const t = yield* filled
      const told = yield* Effect.provide(compared, others)
      assert.strictEqual(told.code, 4)
      assert.match(told.lines.join("\n") + told.message, /"t" needs full \(masked\): its newest copy/)
      yield* Effect.provide(full, others)
      assert.strictEqual((yield* Effect.provide(compared, others)).code, 4)
      yield* changed((tx) => tx.insert(t, row("4")))
      yield* Effect.provide(cdcOnce, others)
      assert.strictEqual((yield* Effect.provide(compared, others)).code, 4)
      yield* Effect.provide(full, others)
      const after = yield* Effect.provide(compared, others)
      assert.strictEqual(after.code, 0, after.lines.join("\n"))
    }).pipe(Effect.provide(world(rules))),
  )

  it.effect("compares no new column that ON_NEW_COLUMN leaves out, in the lake or in the slot", () =>
    Effect.gen(function* () {
      const t = yield* filled
      t.addColumn({ name: "rg", type: "text", nullable: true })
      yield* changed((tx) => tx.insert(t, { ...row("5"), rg: "segredo" }))
      yield* cdcOnce
      yield* changed((tx) => tx.update(t, { id: "5" }, { rg: "segredo-outro", cidade: "y" }))
      const told = yield* compared
      assert.strictEqual(told.code, 0, told.lines.join("\n") + told.message)
    }).pipe(Effect.provide(world({ ...rules, ON_NEW_COLUMN: "exclude" }))),
  )

  it.effect("compares no copy under another mask with the table, also before cdc has begun", () =>
    Effect.gen(function* () {
      const { tables } = yield* created(tableOf("t", ["id", "cpf", "email", "cidade"], ["id"]))
      yield* changed((tx) => tables.map((t) => tx.insert(t, row("1"))))
      yield* Effect.provide(full, others)
      const told = yield* compared
      assert.strictEqual(told.code, 4, told.lines.join("\n"))
      assert.match(told.lines.join("\n") + told.message, /"t" needs full \(masked\)/)
    }).pipe(Effect.provide(world(rules))),
  )
})
