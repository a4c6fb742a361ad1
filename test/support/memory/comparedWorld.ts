/** `verify` in the world of `memoryWorld.ts`: source, lake and comparison in memory. */
import { Cause, Effect, Exit, Fiber } from "effect"
import { TestClock, TestConsole } from "effect/testing"
import { MemoryPostgres } from "../../../layers/memory/postgres/MemoryPostgres.ts"
import type { TableDefinition, Values } from "../../../layers/memory/postgres/MemoryTable.ts"
import type { MemoryTransaction } from "../../../layers/memory/postgres/MemoryTransaction.ts"
import { printTable } from "../../../src/core/source/SourceTable.ts"
import { type VerifyMode, verify } from "../../../src/verify/Verify.ts"
import { exitCode, slotName, world } from "./memoryWorld.ts"

export const comparedWorld = (...tables: ReadonlyArray<TableDefinition>) =>
  world({ SOURCE_TABLES: tables.map(({ table }) => printTable(table)).join(",") })

/** A table of the schema `public`, of text columns. Those that are not of the key may be NULL. */
export const tableOf = (
  name: string,
  columns: ReadonlyArray<string>,
  primaryKey: ReadonlyArray<string>,
  replicaIdentity: "default" | "full" = "default",
): TableDefinition => ({
  table: { schema: "public", name },
  columns: columns.map((column) => ({ name: column, type: "text", nullable: !primaryKey.includes(column) })),
  primaryKey,
  replicaIdentity,
})

/** The tables and the slot of the pipeline. */
export const created = (...tables: ReadonlyArray<TableDefinition>) =>
  Effect.map(MemoryPostgres, (server) => {
    server.slots.create(slotName)
    const made = tables.map((table) => server.createTable(table))
    return { server, tables: made }
  })

/** One transaction. */
export const changed = (work: (transaction: MemoryTransaction) => void) =>
  Effect.flatMap(MemoryPostgres, (server) => server.transact(work))

/** The values of columns by their number: `c0`, `c1`, … */
export const numbered = (count: number, value: (column: number) => string | null): Values =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`c${n}`, value(n)]))

/** What `verify` ends with, and what it says: the first line, which names the snapshot, is left out. Where it waits, time passes. */
export const comparedWith = Effect.fnUntraced(function* (mode: VerifyMode) {
  const before = (yield* TestConsole.logLines).length
  const running = yield* Effect.forkChild(verify(mode), { startImmediately: true })
  while (running.pollUnsafe() === undefined) {
    // DuckDB works in real time.
    yield* TestClock.withLive(Effect.sleep("5 millis"))
    yield* TestClock.adjust("1 second")
  }
  const exit = yield* Fiber.await(running)
  const said = (yield* TestConsole.logLines).slice(before).map(String)
  return {
    code: exitCode(exit),
    lines: said.slice(1),
    message: Exit.isSuccess(exit) ? "" : String(Cause.squash(exit.cause)),
  }
})

export const compared = comparedWith({ json: false, all: false })
