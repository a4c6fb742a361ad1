/** A leaf whose first rows are in the WAL before the catalog shows it: its transaction is not visible yet. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import type { MemoryTable } from "../../../../layers/memory/postgres/MemoryTable.ts"
import { type ChangeSession, ChangeSource } from "../../../../src/services/source/ChangeSource.ts"
import { cdcOnce, ended, exitCode, watermarkLines, world } from "../../../support/memory/memoryWorld.ts"
import { incRows, oneRoot, row, sales } from "../../../support/memory/partitionedWorld.ts"

/** The source, whose catalog shows a leaf only after it was asked `looks` times. */
const hiding = ({ name: leaf, createdBy }: MemoryTable, looks: number) =>
  Effect.map(ChangeSource, (source) => {
    let left = looks
    const without = (session: ChangeSession): ChangeSession => ({
      ...session,
      relations: (asked) =>
        Effect.map(session.relations(asked), (found) => {
          if (left-- <= 0) return found
          return found
            .filter(({ table }) => table.name !== leaf.name)
            .map(({ tree, mark, ...one }) => ({
              ...one,
              // Its transaction is in progress for these snapshots.
              mark: { ...mark, endedBelow: BigInt(createdBy) },
              tree: tree && {
                ...tree,
                snapshot: `${createdBy}:${createdBy + 1}:${createdBy}`,
                leaves: tree.leaves.filter(({ table }) => table.name !== leaf.name),
              },
            }))
        }),
    })
    return ChangeSource.of({ ...source, attach: Effect.map(source.attach, Option.map(without)) })
  })

describe("a leaf that the catalog shows only after its rows were read", () => {
  it.effect("loses no row, and needs no copy", () =>
    Effect.gen(function* () {
      const { server, leaf, one } = yield* sales
      yield* server.transact((tx) => tx.insert(one, row(1, 1)))
      yield* cdcOnce
      const three = leaf("venda_03")
      yield* server.transact((tx) => {
        tx.insert(three, row(3, 3))
        tx.insert(one, row(2, 1))
      })
      // The start and the look before the read do not see it.
      const late = Effect.provideServiceEffect(cdcOnce, ChangeSource, hiding(three, 2))
      assert.strictEqual(exitCode(yield* ended(late)), 0)
      assert.deepStrictEqual(yield* incRows("_partition", "id"), [
        "db_loja.venda_01 1",
        "db_loja.venda_03 3",
        "db_loja.venda_01 2",
      ])
      const from = (yield* watermarkLines).find((line) => line.startsWith("from.vendas="))
      assert.notInclude(from ?? "", "unknown relation")
    }).pipe(Effect.provide(world(oneRoot))),
  )
})
