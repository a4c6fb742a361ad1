/** A transaction of the PostgreSQL in memory. Its changes are in the WAL at once; the slot returns them after the commit. */
import { toBytes } from "../../../src/core/bytes/Bytes.ts"
import type { Change } from "../../../src/core/slot/Change.ts"
import { branchesOf } from "./MemoryPartitions.ts"
import type { MemoryTable, Sees, Values } from "./MemoryTable.ts"
import { type LoggedLine, lineOf, type MemoryWal } from "./MemoryWal.ts"

const nameOf = ({ name }: MemoryTable) => ({ schema: toBytes(name.schema), name: toBytes(name.name) })

export class MemoryTransaction {
  /** As the slot prints it: 32 bits. */
  readonly xid: number
  readonly #wal: MemoryWal
  readonly #sees: Sees
  readonly #lines: Array<LoggedLine> = []

  /** `sees` is true for other transactions that have committed by now: every statement sees them. */
  constructor(xid: number, wal: MemoryWal, sees: Sees) {
    this.xid = xid
    this.#wal = wal
    this.#sees = (other) => other === xid || sees(other)
  }

  get lines(): ReadonlyArray<LoggedLine> {
    return this.#lines
  }

  insert(table: MemoryTable, values: Values): void {
    table.insert(this.xid, values)
    this.#record({ _tag: "Insert", table: nameOf(table), row: table.newTuple(values) }, [table])
  }

  /** Sets the named columns of every row that equals `where`. */
  update(table: MemoryTable, where: Values, set: Values): void {
    for (const old of table.end(this.xid, this.#sees, where)) {
      const values = { ...old, ...set }
      table.insert(this.xid, values)
      const before = table.hasOldTuple(old, values) ? table.oldTuple(old) : null
      this.#record({ _tag: "Update", table: nameOf(table), before, row: table.newTuple(values, old) }, [
        table,
      ])
    }
  }

  delete(table: MemoryTable, where: Values): void {
    for (const old of table.end(this.xid, this.#sees, where)) {
      this.#record({ _tag: "Delete", table: nameOf(table), before: table.oldTuple(old) }, [table])
    }
  }

  /** Truncates all of the tables by one statement, which has one line. */
  truncate(
    tables: ReadonlyArray<MemoryTable>,
    flags?: { restartSequences?: boolean; cascade?: boolean },
  ): void {
    const emptied = tables.flatMap((table) => [table, ...branchesOf(table), ...table.leaves])
    for (const table of emptied) table.end(this.xid, this.#sees, {})
    const change: Change = {
      _tag: "Truncate",
      tables: emptied.map(nameOf),
      restartSequences: flags?.restartSequences ?? false,
      cascade: flags?.cascade ?? false,
    }
    this.#record(change, emptied)
  }

  /** `pg_logical_emit_message(true, …)`: returned with the transaction. */
  message(prefix: string, content: string): void {
    this.#record({
      _tag: "Message",
      transactional: true,
      prefix: toBytes(prefix),
      size: toBytes(content).length,
      content: toBytes(content),
    })
  }

  /** Adds any text as a line, also one that no known PostgreSQL prints. */
  print(text: string): void {
    this.#lines.push({ lsn: this.#wal.write(text.length), text: toBytes(text), tables: undefined })
  }

  #record(change: Change, tables?: ReadonlyArray<MemoryTable>): void {
    const start = this.#wal.end
    const line = lineOf(
      start,
      change,
      tables?.map((table) => table.name),
    )
    this.#wal.write(line.text.length)
    this.#lines.push(line)
  }
}
