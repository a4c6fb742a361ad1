/** The copy of a partitioned table: an object per leaf, under one manifest. */
import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Result } from "effect"
import * as Manifest from "../../../../src/core/lake/Manifest.ts"
import { listFulls } from "../../../../src/lake/LakeInventory.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { lakeKeys, textOf, world } from "../../../support/memory/memoryWorld.ts"
import { oneRoot, row, sales } from "../../../support/memory/partitionedWorld.ts"

const folder = "full/date=20251103"
const manifest = `${folder}/_full_vendas_20251103_101530.json`
const md5 = (text: string) => createHash("md5").update(text).digest("hex")

describe("the copy of a partitioned table", () => {
  it.effect("has an object for each leaf that has rows, and one manifest, named after the first object", () =>
    Effect.gen(function* () {
      const { server, one, two, leaf } = yield* sales
      const odd = leaf('Mês "3"', "outra")
      yield* server.transact((tx) => {
        tx.insert(one, row(1, 1))
        tx.insert(one, row(2, 1))
        tx.insert(odd, row(3, 3))
      })
      assert.isEmpty(server.rows(two))
      yield* Pipeline.full
      assert.deepStrictEqual(yield* lakeKeys, [
        manifest,
        `${folder}/full_vendas_20251103_101530.csv`,
        `${folder}/full_vendas_20251103_101530_0002.csv`,
      ])
      const [first, second] = ["id,mes,v\n1,1,a\n2,1,a\n", "id,mes,v\n3,3,a\n"] as const
      const file = JSON.parse(yield* textOf(manifest))
      assert.deepStrictEqual(file.objects, [
        {
          object: `${folder}/full_vendas_20251103_101530.csv`,
          rows: 2,
          bytes: first.length,
          md5: md5(first),
          partition: "db_loja.venda_01",
        },
        {
          object: `${folder}/full_vendas_20251103_101530_0002.csv`,
          rows: 1,
          bytes: second.length,
          md5: md5(second),
          partition: 'outra."Mês ""3"""',
        },
      ])
      assert.deepStrictEqual(
        [file.rows, file.object, file.bytes, file.md5, file.table],
        [3, undefined, undefined, undefined, '"db_loja"."venda"'],
      )
    }).pipe(Effect.provide(world(oneRoot))),
  )

  it.effect("bears the old keys of a manifest too where it is one object", () =>
    Effect.gen(function* () {
      const { server, two } = yield* sales
      yield* server.transact((tx) => tx.insert(two, row(2, 2)))
      yield* Pipeline.full
      const { object, bytes, md5: digest, rows, objects } = JSON.parse(yield* textOf(manifest))
      const partition = "db_loja.venda_02"
      assert.deepStrictEqual(objects, [{ object, rows, bytes, md5: digest, partition }])
    }).pipe(Effect.provide(world(oneRoot))),
  )

  it.effect("is one object of the header alone where no leaf has rows", () =>
    Effect.gen(function* () {
      yield* sales
      yield* Pipeline.full
      const object = `${folder}/full_vendas_20251103_101530.csv`
      assert.deepStrictEqual(yield* lakeKeys, [manifest, object])
      assert.strictEqual(yield* textOf(object), "id,mes,v\n")
      assert.strictEqual(JSON.parse(yield* textOf(manifest)).rows, 0)
    }).pipe(Effect.provide(world(oneRoot))),
  )

  it.effect("is whole for readers of the lake, which ignore no object of it", () =>
    Effect.gen(function* () {
      const { server, one, two } = yield* sales
      yield* server.transact((tx) => {
        tx.insert(one, row(1, 1))
        tx.insert(two, row(2, 2))
      })
      yield* Pipeline.full
      const fulls = yield* listFulls("single", "vendas")
      assert.deepStrictEqual([fulls.findings, fulls.ignored], [[], []])
      assert.lengthOf(Option.getOrThrow(fulls.newest).objects, 2)
    }).pipe(Effect.provide(world(oneRoot))),
  )

  it("is read from manifests that name one object and no list", () => {
    const old = {
      table: '"s"."t"',
      dataset: "t",
      object: "full/date=20251103/full_t_20251103_101530.csv",
      columns: [],
      primary_key: [],
      rows: 3,
      bytes: 20,
      md5: "d41d8cd98f00b204e9800998ecf8427e",
      snapshot: "1:1:",
      lsn: "0/1",
      slot: "s",
      database: "d",
      system_identifier: "7",
      started_at: "",
      finished_at: "",
    }
    const { object, objects } = Result.getOrThrow(Manifest.parse(JSON.stringify(old)))
    assert.deepStrictEqual(
      [object, objects],
      [old.object, [{ object: old.object, rows: 3, bytes: 20, md5: old.md5 }]],
    )
  })
})
