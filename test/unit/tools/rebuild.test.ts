/** The replay with which the long runs judge a lake: what it must rebuild, and what it must find. */
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { difference } from "../../../tools/rebuild/compare.ts"
import { datasetFiles } from "../../../tools/rebuild/datasetFiles.ts"
import { rebuild, type WantedColumn } from "../../../tools/rebuild/rebuild.ts"
import { temporaryFolder } from "../../support/lake/lakeFolder.ts"

const column = (name: string, attnum: number, missing: string | null = null): WantedColumn => ({
  name,
  attnum,
  missing,
  isKey: name === "id",
})

/** `id`, a renamed column, and one that came after the copy with a default. */
const columns = [column("id", 1), column("novo", 2), column("pais", 3, "BR")]

const manifest = {
  table: '"loja"."venda"',
  dataset: "vendas",
  objects: [
    {
      object: "full/vendas/date=20251103/full_vendas_20251103_101530.csv",
      rows: 2,
      bytes: 1,
      md5: "0",
      partition: "loja.p1",
    },
    {
      object: "full/vendas/date=20251103/full_vendas_20251103_101530_0002.csv",
      rows: 1,
      bytes: 1,
      md5: "0",
      partition: "loja.p2",
    },
  ],
  columns: [
    { name: "id", type: "integer", nullable: false, attnum: 1 },
    { name: "velho", type: "text", nullable: true, attnum: 2 },
  ],
  primary_key: ["id"],
  rows: 3,
  snapshot: "100:102:100",
  lsn: "0/1",
  slot: "s",
  database: "d",
  system_identifier: "1",
  started_at: "",
  finished_at: "",
}

const schema = {
  dataset: "vendas",
  table: '"loja"."venda"',
  lsn: "00000000/00000010",
  columns: [
    { name: "id", type: "integer", nullable: false, attnum: 1 },
    { name: "novo", type: "text", nullable: true, attnum: 2 },
    { name: "pais", type: "text", nullable: true, attnum: 3, missing: "BR" },
  ],
  primary_key: ["id"],
  replica_identity: "default",
}

const meta = "_op,_lsn,_seq,_xid,_commit_ts,_before,_unchanged,_partition"
const day = "vendas/date=20251103"

/** A row of `inc`; `place` is its position. */
const line = (op: string, place: number, xid: number, more: string) =>
  `${op},00000000/000000${place},1,${xid},2025-11-03 10:15:40+00,${more}`

const changes = [
  line("I", 10, 99, ",,loja.p1,9,seen by the copy,BR"),
  line("I", 11, 100, ",,loja.p1,4,four,BR"),
  line("U", 12, 103, ",{novo},loja.p1,1,,PT"),
  line("D", 13, 104, ",,loja.p1,2,,"),
  line("U", 14, 105, '"{""id"": ""4""}",,loja.p1,5,five,'),
]

const objectOf = (rows: ReadonlyArray<string>) => `${[`${meta},id,novo,pais`, ...rows].join("\n")}\n`

const rebuilt = (files: Readonly<Record<string, string>>) =>
  Effect.map(temporaryFolder, (folder) => {
    for (const [key, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, key)), { recursive: true })
      writeFileSync(join(folder, key), text)
    }
    return rebuild(datasetFiles(folder, "vendas"), columns)
  })

const lake = (rows: ReadonlyArray<string> = changes) => ({
  [`full/${day}/full_vendas_20251103_101530.csv`]: "id,velho\n1,one\n2,two\n",
  [`full/${day}/full_vendas_20251103_101530_0002.csv`]: "id,velho\n3,\n",
  [`full/${day}/_full_vendas_20251103_101530.json`]: JSON.stringify(manifest),
  [`inc/${day}/_schema_vendas_20251103_101540.json`]: JSON.stringify(schema),
  [`inc/${day}/cdc_20251103_101540.csv`]: objectOf(rows),
})

/** What the table has after these changes. */
const table = [
  ["1", "one", "PT"],
  ["3", null, "BR"],
  ["5", "five", null],
]

const findings = (rows: ReadonlyArray<string>) =>
  Effect.map(rebuilt(lake(rows)), (found) => [...found.problems, ...difference(found.rows, table)])

describe("the replay of the long runs", () => {
  it.effect(
    "follows a renamed column, a later default, unsent values, moved keys and what the copy has seen",
    () =>
      Effect.map(rebuilt(lake()), ({ rows, problems, changes: read }) => {
        assert.deepStrictEqual([problems, difference(rows, table), read], [[], [], 5])
      }).pipe(Effect.scoped),
  )

  it.effect("takes from a TRUNCATE the rows of its leaf alone", () =>
    Effect.map(rebuilt(lake([...changes, line("T", 15, 106, ",,loja.p1,,,")])), ({ rows, problems }) => {
      assert.deepStrictEqual([problems, rows], [[], [["3", null, "BR"]]])
    }).pipe(Effect.scoped),
  )

  for (const [i, what] of [
    [1, "an insert"],
    [2, "an update"],
    [3, "a delete"],
    [4, "a change of a key"],
  ] as const)
    it.effect(`finds that ${what} was removed from the lake`, () =>
      Effect.map(findings(changes.filter((_, at) => at !== i)), (found) => {
        assert.notDeepEqual(found, [])
      }).pipe(Effect.scoped),
    )

  it.effect("finds a change that stands twice, and one out of order", () =>
    Effect.gen(function* () {
      const [, second = "", third = "", fourth = "", last = ""] = changes
      const twice = yield* findings([...changes, last])
      assert.isTrue(twice.some((what) => what.endsWith("a second time")))
      const order = yield* findings([changes[0] ?? "", second, fourth, third, last])
      assert.isTrue(order.some((what) => what.includes(": after ")))
    }).pipe(Effect.scoped),
  )

  it.effect("finds a value that is not the table's, and a header that no schema describes", () =>
    Effect.gen(function* () {
      const wrong = yield* findings(changes.map((row) => row.replace("PT", "ES")))
      assert.deepStrictEqual(wrong, ['has ["1","one","ES"]', 'lacks ["1","one","PT"]'])
      const { problems } = yield* rebuilt({
        ...lake(),
        [`inc/${day}/cdc_20251103_101541.csv`]: `${meta},id,outro\n${line("I", 20, 107, ",,loja.p1,7,x")}\n`,
      })
      assert.isTrue(problems.some((what) => what.includes("its header is not that of its schema")))
    }).pipe(Effect.scoped),
  )
})
