/**
 * A small, complete PostgreSQL in memory: tables, transactions, a WAL, logical slots with `test_decoding`, sessions
 * with advisory locks, and a server that can crash. `MemorySourceTables` and `MemoryChangeSource` read from it.
 * Its methods act at once; only those that need the time or can fail are Effects. It has no SQL, constraints or row locks:
 * those are tested against a real server.
 */
import { Clock, Context, Effect, Layer, Option } from "effect"
import type * as Lsn from "../../../src/core/Lsn.ts"
import { printTable, sameTable, type TableName } from "../../../src/core/source/SourceTable.ts"
import type { OldestTransaction } from "../../../src/services/source/ChangeSource.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"
import type {
  KeptColumns,
  Relation,
  RelationsAsked,
  SourceIdentity,
} from "../../../src/services/source/SourceTables.ts"
import { relationsIn } from "./MemoryCatalog.ts"
import { MemorySessions } from "./MemorySessions.ts"
import { MemorySlots } from "./MemorySlots.ts"
import { MemoryTable, type Sees, type TableDefinition, type Values } from "./MemoryTable.ts"
import { MemoryTransaction } from "./MemoryTransaction.ts"
import { MemoryWal } from "./MemoryWal.ts"

export interface MemorySnapshot {
  /** `xmin:xmax:xip`, as `pg_current_snapshot()` prints it. */
  readonly id: string
  readonly sees: Sees
  readonly lsn: Lsn.Lsn
}

/** Prints a timestamptz in UTC as PostgreSQL does: a fraction only if there is one, without trailing zeros. */
const printTime = (millis: number): string => {
  const [seconds = "", fraction = ""] = new Date(millis).toISOString().replace("T", " ").split(/[.Z]/)
  const digits = fraction.replace(/0+$/, "")
  return `${seconds}${digits === "" ? "" : `.${digits}`}+00`
}

export class MemoryServer {
  readonly identity: SourceIdentity
  /** The timeline of the WAL. A promotion raises it. */
  timeline = 1
  readonly wal = new MemoryWal()
  readonly slots = new MemorySlots(this.wal)
  readonly sessions = new MemorySessions()
  #tables: ReadonlyArray<MemoryTable> = []
  /** `pg_namespace.xmin` of renamed schemas. */
  readonly #schemas = new Map<string, number>()
  readonly #open = new Set<number>()
  readonly #aborted = new Set<number>()
  #nextXid = 733
  #nextOid = 16_384

  constructor(identity: Partial<SourceIdentity> = {}) {
    this.identity = { systemIdentifier: "7423642870011110000", database: "loja", ...identity }
  }

  createTable(definition: TableDefinition): MemoryTable {
    const xmin = definition.partitionOf === undefined ? this.#nextXid : this.#nextXid++
    const table = new MemoryTable(definition, this.#nextOid++, xmin, () => this.#nextXid++)
    this.#tables = [...this.#tables, table]
    return table
  }

  dropTable(dropped: MemoryTable): void {
    this.#tables = this.#tables.filter((table) => table !== dropped)
    for (const table of this.#tables) table.detach(dropped)
  }

  /** `ALTER TABLE … RENAME TO …`: later WAL has the new name. */
  renameTable(table: MemoryTable, name: string): void {
    table.name = { ...table.name, name }
    table.xmin = this.#nextXid++
  }

  /** `ALTER SCHEMA … RENAME TO …`: waits for no transaction, so that one may have rows in the WAL under both names. */
  renameSchema(from: string, to: string): void {
    this.#schemas.set(to, this.#nextXid++)
    for (const table of this.#tables)
      if (table.name.schema === from) table.name = { ...table.name, schema: to }
  }

  /** `pg_snapshot_xmin()` */
  oldestXid(): bigint {
    return BigInt(Math.min(this.#nextXid, ...this.#open))
  }

  oldestTransaction(): OldestTransaction {
    const xid = this.oldestXid()
    return { xid, holder: this.#open.has(Number(xid)) ? Option.some(`session ${xid}`) : Option.none() }
  }

  relations(asked: RelationsAsked): ReadonlyArray<Relation> {
    const schemaXmin = (name: TableName) => this.#schemaXmin(name)
    const rows = { schemaXmin, oldestXid: this.oldestXid(), snapshot: this.snapshot().id }
    return relationsIn(this.#tables, rows, asked)
  }

  /** True if a relation has had the name since before that transaction. */
  isKnown(name: TableName, since: bigint): boolean {
    return this.#tables.some(
      (table) => sameTable(table.name, name) && table.xmin < since && this.#schemaXmin(name) < since,
    )
  }

  keptColumns(oid: number, since: bigint): KeptColumns {
    const found = this.#tables.find((one) => one.oid === oid)?.keptColumns(Number(since))
    return found ?? { names: [], isAll: false }
  }

  #schemaXmin({ schema }: TableName): number {
    return this.#schemas.get(schema) ?? 1
  }

  /** `pg_current_xact_id()` of an empty transaction. */
  newXid(): bigint {
    return BigInt(this.#nextXid++)
  }

  table(name: TableName): Effect.Effect<MemoryTable, SourceError> {
    return Effect.suspend(() => {
      const table = this.#tables.find((one) => sameTable(one.name, name))
      if (table !== undefined) return Effect.succeed(table)
      const subject = `table ${printTable(name)}`
      return Effect.fail(
        new SourceError({ reason: "SchemaOrTableMissing", subject, detail: "it does not exist" }),
      )
    })
  }

  /** Returns the rows that are committed now. */
  rows(table: MemoryTable): ReadonlyArray<Values> {
    return table.rows(this.#committed)
  }

  /** Begins a transaction. Several may be open at once; each ends with `commit` or `rollback`. */
  begin(): MemoryTransaction {
    const xid = this.#nextXid++
    this.#open.add(xid)
    return new MemoryTransaction(xid, this.wal, this.#committed)
  }

  /** Returns the commit LSN. With `flush: false` it is not on disk before `wal.flush()`. */
  commit(transaction: MemoryTransaction, options?: { readonly flush: boolean }): Effect.Effect<Lsn.Lsn> {
    return Effect.map(Clock.currentTimeMillis, (now) => {
      this.#open.delete(transaction.xid)
      const end = this.wal.commit(transaction.xid, printTime(now), transaction.lines)
      if (options?.flush !== false) this.wal.flush()
      return end
    })
  }

  rollback({ xid }: MemoryTransaction): void {
    if (this.#open.delete(xid)) this.#aborted.add(xid)
  }

  /** Runs one transaction, from BEGIN to COMMIT. Returns the commit LSN. */
  transact(work: (transaction: MemoryTransaction) => void): Effect.Effect<Lsn.Lsn> {
    return Effect.suspend(() => {
      const transaction = this.begin()
      work(transaction)
      return this.commit(transaction)
    })
  }

  /** `pg_logical_emit_message(false, …)`: in the slot at once, outside of transactions. */
  message(prefix: string, content: string): void {
    const change = { _tag: "Message", transactional: false, prefix, size: content.length, content } as const
    this.wal.message(change, content.length)
    this.wal.flush()
  }

  /** Writes WAL that the slot does not return: of another database, a vacuum, an index. */
  writeElsewhere(bytes: number): void {
    this.wal.write(bytes)
    this.wal.flush()
  }

  /** Takes a snapshot. */
  snapshot(): MemorySnapshot {
    const open = [...this.#open].sort((a, b) => a - b)
    const [running, aborted, end] = [new Set(open), new Set(this.#aborted), this.#nextXid]
    return {
      id: `${open[0] ?? end}:${end}:${open.join(",")}`,
      sees: (xid) => xid < end && !running.has(xid) && !aborted.has(xid),
      lsn: this.wal.end,
    }
  }

  /** Stops the server in order: slots keep their positions. Refuses sessions until `start`. */
  stop(): void {
    this.slots.checkpoint()
    this.sessions.killAll()
    this.sessions.admit(false)
  }

  start(): void {
    this.sessions.admit(true)
  }

  /**
   * Crashes the server and restarts it at once: sessions and open transactions are gone, and slots have the positions of the
   * last checkpoint. Committed transactions are kept.
   */
  crash(): void {
    this.sessions.killAll()
    for (const xid of this.#open) this.#aborted.add(xid)
    this.#open.clear()
    this.wal.flush()
    this.slots.fallBack()
  }

  readonly #committed: Sees = (xid) => !this.#open.has(xid) && !this.#aborted.has(xid)
}

export class MemoryPostgres extends Context.Service<MemoryPostgres, MemoryServer>()(
  "afluente/layers/MemoryPostgres",
) {
  static readonly layer: Layer.Layer<MemoryPostgres> = Layer.sync(MemoryPostgres, () => new MemoryServer())
}
