/** A partitioned table in memory: `db_loja.venda`, with the leaves `venda_01` and `venda_02` and more that tests create. */
import { Effect, Stream } from "effect"
import { MemoryPostgres } from "../../../layers/memory/postgres/MemoryPostgres.ts"
import type { TableDefinition } from "../../../layers/memory/postgres/MemoryTable.ts"
import { ObjectStore } from "../../../src/services/lake/ObjectStore.ts"
import { parseRecords } from "../csv/csvText.ts"
import { slotName, textOf } from "./memoryWorld.ts"

export const oneRoot = { SOURCE_TABLES: "db_loja.venda=vendas" }

const columns = [
  { name: "id", type: "integer", nullable: false },
  { name: "mes", type: "integer", nullable: false },
  { name: "v", type: "text", nullable: true },
]

const keyed = { columns, primaryKey: ["id", "mes"] }

export const venda: TableDefinition = {
  ...keyed,
  table: { schema: "db_loja", name: "venda" },
  isPartitioned: true,
}

/** The same columns under another name. */
export const named = (name: string, schema = "db_loja"): TableDefinition => ({
  ...keyed,
  table: { schema, name },
})

/** A row of it. */
export const row = (id: number, mes: number, v = "a") => ({ id: `${id}`, mes: `${mes}`, v })

/** The table, two leaves and the slot. */
export const sales = Effect.gen(function* () {
  const server = yield* MemoryPostgres
  const root = server.createTable(venda)
  const leaf = (name: string, schema?: string) =>
    server.createTable({ ...named(name, schema), partitionOf: root })
  const [one, two] = [leaf("venda_01"), leaf("venda_02")]
  server.slots.create(slotName)
  return { server, root, leaf, one, two }
})

/** Keys of the objects of `inc`. */
export const incObjects = Effect.gen(function* () {
  const { list } = yield* ObjectStore
  const keys = (yield* Stream.runCollect(list("inc/"))).map(({ key }) => key)
  return keys.filter((key) => key.endsWith(".csv"))
})

/** The named columns of all rows of `inc`, in order, joined by spaces. */
export const incRows = (...names: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const texts = yield* Effect.forEach(yield* incObjects, textOf)
    return texts
      .flatMap(parseRecords)
      .map((values) => names.map((name) => (values.has(name) ? (values.get(name) ?? "-") : "none")).join(" "))
  })
