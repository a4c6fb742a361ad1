/** The tables of `cdc.fault.test.ts`, and the work that its scripts do on them. */
import { Effect } from "effect"
import type { MemoryServer } from "../../../layers/memory/postgres/MemoryPostgres.ts"
import type { MemoryTable } from "../../../layers/memory/postgres/MemoryTable.ts"
import type { MemoryTransaction } from "../../../layers/memory/postgres/MemoryTransaction.ts"
import type { Operation, Work } from "./faultScripts.ts"
import { cliente, pedido, slotName } from "./memoryWorld.ts"

/** Over what PostgreSQL keeps in the row: an update that leaves it alone does not tell it. */
const long = "0123456789".repeat(300)

const valuesOf = (table: Operation["table"], key: string, chosen: string) => {
  const value = chosen === "NULL" ? null : chosen
  if (table === "pedidos") return { id: key, total: value === null ? null : `${value.length}.50` }
  return { id: key, nome: value === "long" ? long : value, ativo: "true" }
}

export const openShop = (server: MemoryServer) => {
  const tables: Readonly<Record<Operation["table"], MemoryTable>> = {
    clientes: server.createTable(cliente),
    pedidos: server.createTable({ ...pedido, replicaIdentity: "full" }),
    other: server.createTable({ ...cliente, table: { schema: "db_loja", name: "outra" } }),
  }
  server.slots.create(slotName)
  let columns = 0

  const perform = (tx: MemoryTransaction, { table, kind, value }: Operation, key: string) => {
    const target = tables[table]
    const values = valuesOf(table, key, value)
    switch (kind) {
      case "put":
        tx.delete(target, { id: key })
        return tx.insert(target, values)
      case "update":
        return tx.update(target, { id: key }, table === "pedidos" ? values : { ativo: "false" })
      case "update key":
        tx.delete(target, { id: `1${key}` })
        return tx.update(target, { id: key }, { id: `1${key}` })
      case "delete":
        return tx.delete(target, { id: key })
      case "truncate":
        return tx.truncate([target])
      case "truncate all":
        return tx.truncate([tables.other, tables.clientes, tables.pedidos], { restartSequences: true })
      case "message":
        return tx.message("audit", "hello")
    }
  }
  const performAll = (operations: ReadonlyArray<Operation>) => (tx: MemoryTransaction) => {
    for (const operation of operations) perform(tx, operation, `${operation.key}`)
  }

  /** Two transactions at once, the first of which commits last. They share no row, for there are no locks here. */
  const crossed = (operations: ReadonlyArray<Operation>) =>
    Effect.suspend(() => {
      const [early, late] = [server.begin(), server.begin()]
      for (const [i, operation] of operations.entries()) {
        if (operation.kind.startsWith("truncate")) continue
        perform(i % 2 === 0 ? early : late, operation, `${i % 2}${operation.key}`)
      }
      return Effect.andThen(server.commit(late), server.commit(early))
    })

  const run = ({ kind, operations }: Work): Effect.Effect<unknown> =>
    Effect.suspend(() => {
      switch (kind) {
        case "plain":
          return server.transact(performAll(operations))
        case "crossed":
          return crossed(operations)
        case "rolled back": {
          const tx = server.begin()
          performAll(operations)(tx)
          return Effect.sync(() => server.rollback(tx))
        }
        case "unflushed": {
          const tx = server.begin()
          performAll(operations)(tx)
          return server.commit(tx, { flush: false })
        }
        case "elsewhere":
          return Effect.sync(() => server.writeElsewhere(9 * 1024 * 1024))
        case "checkpoint":
          return Effect.sync(() => server.slots.checkpoint())
        case "new column":
          if (columns < 3) tables.clientes.addColumn({ name: `c${++columns}`, type: "text", nullable: true })
          return server.transact(performAll(operations))
      }
    })
  return { tables, run }
}
