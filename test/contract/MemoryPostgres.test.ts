/** Where the PostgreSQL in memory must do as a real one does, because the pipelines' tests rely on it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Stream } from "effect"
import { oneCsv } from "../../src/columns/ProjectedCopy.ts"
import { csvRow } from "../../src/core/csv/Csv.ts"
import * as Lsn from "../../src/core/Lsn.ts"
import { type ChangeSession, ChangeSource, type ReadRequest } from "../../src/services/source/ChangeSource.ts"
import { SourceTables } from "../../src/services/source/SourceTables.ts"
import { ana, cliente, pedido, shop, slotName, world } from "../support/memory/memoryWorld.ts"
import { readAll } from "../support/slot/readAll.ts"

const far = Lsn.Lsn.make(0x7fff_ffff_ffffn)
const both = [cliente.table, pedido.table]

const attached = Effect.flatMap(ChangeSource, ({ attach }) =>
  Effect.map(attach, (session) => Option.getOrThrow(session)),
)

const read = (session: ChangeSession, request: Partial<ReadRequest> = {}) =>
  Effect.map(
    readAll(session, { upTo: far, maxLines: 1000, tables: both, ...request }),
    ({ transactions }) => transactions,
  )

describe("the slot in memory", () => {
  it.effect("prints what test_decoding prints, and leaves BEGIN out", () =>
    Effect.gen(function* () {
      const { server, clientes, pedidos } = yield* shop
      yield* server.transact((tx) => {
        tx.insert(clientes, { id: "1", nome: "D'Ávila", ativo: "true" })
        tx.insert(pedidos, { id: "7", total: null })
        tx.update(clientes, { id: "1" }, { id: "2" })
        tx.delete(clientes, { id: "2" })
        tx.truncate([clientes, pedidos], { cascade: true })
      })
      const [transaction] = yield* read(yield* attached)
      assert.deepStrictEqual([transaction?.xid, transaction?.committedAt], [733, "2025-11-03 10:15:30+00"])
      assert.deepStrictEqual(
        transaction?.lines.map(({ text }) => text),
        [
          "table db_loja.cliente: INSERT: id[integer]:1 nome[character varying]:'D''Ávila' ativo[boolean]:true",
          "table db_loja.pedido: INSERT: id[bigint]:7 total[numeric]:null",
          "table db_loja.cliente: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2 nome[character varying]:'D''Ávila' ativo[boolean]:true",
          "table db_loja.cliente: DELETE: id[integer]:2",
          "table db_loja.cliente, db_loja.pedido: TRUNCATE: cascade",
        ],
      )
    }).pipe(Effect.provide(world())),
  )

  it.effect("tells by commits, so that a row may stand before what was told already", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const [early, late] = [server.begin(), server.begin()]
      early.insert(clientes, ana)
      late.insert(clientes, { ...ana, id: "2" })
      const first = yield* server.commit(late)
      const second = yield* server.commit(early)
      const [one, other] = yield* read(yield* attached)
      assert.deepStrictEqual([one?.commit, other?.commit], [first, second])
      assert.isTrue((other?.lines[0]?.lsn ?? far) < first)
    }).pipe(Effect.provide(world())),
  )

  it.effect("tells a commit whose record holds the last position asked for, and none after it", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const first = yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: "2" }))
      const session = yield* attached
      assert.strictEqual((yield* read(session, { upTo: first })).length, 1)
      assert.strictEqual((yield* read(session, { upTo: Lsn.Lsn.make(first - 1n) })).length, 1)
    }).pipe(Effect.provide(world())),
  )

  it.effect("tells nothing of a transaction of messages but the messages, without COMMIT", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.message("audit", "one"))
      yield* server.transact((tx) => {
        tx.message("audit", "two")
        tx.insert(clientes, ana)
      })
      const request = { upTo: far, maxLines: 1000, tables: both }
      const sent = yield* server.slots.peek(slotName, request)
      assert.deepStrictEqual(
        sent.map(({ ordinal, text }) => [ordinal, text.split(" ")[0]]),
        [
          [1, "message:"],
          [2, "message:"],
          [4, "table"],
          [5, "COMMIT"],
        ],
      )
    }).pipe(Effect.provide(world())),
  )

  it.effect("is advanced no further than the log is on disk, and answers where it stands", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const tx = server.begin()
      tx.insert(clientes, ana)
      const { flushed } = server.wal
      yield* server.commit(tx, { flush: false })
      assert.strictEqual(yield* (yield* attached).confirm(far), flushed)
    }).pipe(Effect.provide(world())),
  )

  it.effect("stands where it stood at the last checkpoint after a crash", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const kept = yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* server.slots.advance(slotName, kept)
      server.slots.checkpoint()
      const lost = yield* server.transact((tx) => tx.delete(clientes, {}))
      yield* server.slots.advance(slotName, lost)
      server.crash()
      assert.strictEqual(server.slots.find(slotName)?.confirmed, kept)
    }).pipe(Effect.provide(world())),
  )

  it.effect(
    "fails in every call of a session that was killed, in a way that heals, and is free for the next",
    () =>
      Effect.gen(function* () {
        const { server } = yield* shop
        const session = yield* attached
        server.sessions.killAll()
        const errors = yield* Effect.all([
          Effect.flip(session.readState),
          Effect.flip(read(session)),
          Effect.flip(session.confirm(Lsn.zero)),
        ])
        assert.isTrue(errors.every((error) => error._tag === "SourceError" && error.isRetryable))
        yield* attached
      }).pipe(Effect.provide(world())),
  )
})

describe("the tables in memory", () => {
  it.effect("are copied in PostgreSQL's CSV", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const names = ["a", "", null, "a,b", '"', "\n", "\r", " ", "\\.", "'", "=1", "ç"]
      yield* server.transact((tx) => {
        for (const [id, nome] of names.entries()) tx.insert(clientes, { id: `${id}`, nome, ativo: "true" })
      })
      const { snapshot } = yield* SourceTables
      const moment = yield* snapshot([])
      const copy = moment.copy(yield* moment.describe(cliente.table))
      const csv = Buffer.concat(yield* Stream.runCollect(oneCsv(copy))).toString()
      const rows = names.map((nome, id) => csvRow([`${id}`, nome, "true"]))
      assert.strictEqual(csv, `id,nome,ativo\n${rows.join("")}`)
    }).pipe(Effect.provide(world())),
  )

  it.effect("are copied as of the snapshot, whatever commits while it is open", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      const open = server.begin()
      open.insert(clientes, { ...ana, id: "2" })
      const { snapshot } = yield* SourceTables
      const moment = yield* snapshot([])
      yield* server.commit(open)
      yield* server.transact((tx) => tx.delete(clientes, { id: "1" }))
      const copy = moment.copy(yield* moment.describe(cliente.table))
      const csv = Buffer.concat(yield* Stream.runCollect(oneCsv(copy))).toString()
      assert.strictEqual(csv, "id,nome,ativo\n1,Ana,true\n")
      const { parts } = yield* copy.open(1)
      const chunks = yield* Effect.forEach(parts, (rows) => Stream.runCollect(rows))
      assert.deepStrictEqual(
        chunks.flat().map(({ rows }) => rows),
        [1],
      )
    }).pipe(Effect.provide(world())),
  )
})
