/** What `inc` must hold, told by the log and the tables themselves. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { MemoryServer } from "../../../layers/memory/postgres/MemoryPostgres.ts"
import type { MemoryTable } from "../../../layers/memory/postgres/MemoryTable.ts"
import * as Lsn from "../../../src/core/Lsn.ts"
import { parseRecords } from "../csv/csvText.ts"
import { incKeys, textOf } from "../memory/memoryWorld.ts"

type Record = ReadonlyMap<string, string | null>
interface Followed {
  readonly dataset: string
  readonly table: MemoryTable
}

/** `_op`, `_lsn` and `_seq` of every change of the table, counted in the log's own text. */
const changesInLog = (server: MemoryServer, { name }: MemoryTable): ReadonlyArray<string> => {
  const everything = { upTo: server.wal.end, maxLines: Number.POSITIVE_INFINITY, tables: [name] }
  const full = `${name.schema}.${name.name}`
  const found: Array<string> = []
  let begin = 0
  let open: Array<string> = []
  for (const { text, lsn, ordinal } of server.wal.read(Lsn.zero, everything)) {
    const [, tables = "", op = ""] = /^table (.*?): ([IUDT])/.exec(text) ?? []
    if (text.startsWith("BEGIN")) begin = ordinal
    else if (tables.split(", ").includes(full)) open.push(`${op} ${ordinal - begin}`)
    else if (text.startsWith("COMMIT")) {
      found.push(...open.map((change) => `${Lsn.printSortable(lsn)} ${change}`))
      open = []
    }
  }
  return found
}

/** The table as the rows of `inc` make it, from nothing. */
const replay = (rows: ReadonlyArray<Record>): ReadonlyArray<Record> => {
  const state = new Map<string, Record>()
  for (const row of rows) {
    const [op, id] = [row.get("_op"), row.get("id") ?? ""]
    if (op === "T") state.clear()
    else if (op === "D") state.delete(id)
    else {
      const before: { readonly id?: string } = JSON.parse(row.get("_before") ?? "{}")
      const old = state.get(before.id ?? id)
      const unchanged = (row.get("_unchanged") ?? "{}").slice(1, -1).split(",")
      const values = [...row].filter(([name]) => !name.startsWith("_"))
      if (op === "U") state.delete(before.id ?? id)
      state.set(
        id,
        new Map(
          values.map(([name, value]) => [name, unchanged.includes(name) ? (old?.get(name) ?? null) : value]),
        ),
      )
    }
  }
  return [...state.values()]
}

/** Rows in one order, columns that a row has not got as NULL. */
const normal = (columns: ReadonlyArray<string>, rows: ReadonlyArray<(column: string) => string | null>) =>
  rows.map((row) => JSON.stringify(columns.map(row))).sort()

export const checkLake = Effect.fnUntraced(function* (
  server: MemoryServer,
  followed: ReadonlyArray<Followed>,
) {
  const keys = yield* incKeys
  for (const { dataset, table } of followed) {
    const objects = keys.filter((key) => key.startsWith(`inc/${dataset}/`))
    const texts = yield* Effect.forEach(objects, textOf)
    const rows = texts.flatMap(parseRecords)
    assert.deepStrictEqual(
      rows.map((row) => `${row.get("_lsn")} ${row.get("_op")} ${row.get("_seq")}`),
      changesInLog(server, table),
      `changes of ${dataset}`,
    )
    const columns = table.columns.map((column) => column.name)
    assert.deepStrictEqual(
      normal(
        columns,
        replay(rows).map((row) => (column) => row.get(column) ?? null),
      ),
      normal(
        columns,
        server.rows(table).map((values) => (column) => values[column] ?? null),
      ),
      `rows of ${dataset}`,
    )
    assert.isTrue(
      texts.every((text) => text.split("\n").length > 2),
      "an object without rows",
    )
  }
})
