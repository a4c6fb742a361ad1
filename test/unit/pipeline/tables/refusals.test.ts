/** Each refusal, provoked through the pipeline: it ends with 3, changes nothing, and says what to do. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Runtime, Stream } from "effect"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import { init } from "../../../../src/cli/commands/Init.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { ReplicationSlot } from "../../../../src/services/source/ReplicationSlot.ts"
import {
  ana,
  bia,
  cdcForEver,
  cdcOnce,
  cliente,
  failureOf,
  lakeKeys,
  put,
  settings,
  shop,
  slotName,
  started,
  textOf,
  twoTables,
  watermarkLines,
  world,
} from "../../../support/memory/memoryWorld.ts"

interface Expected {
  readonly code: number
  readonly reason: string
  /** In this order in the message: what was found, and what mends it. */
  readonly says: ReadonlyArray<string>
}

/** The program must fail like this, and leave lake and slot as they are. */
const refuses = <A, E extends Error & { readonly reason: string }, R>(
  program: Effect.Effect<A, E, R>,
  expected: Expected,
) =>
  Effect.gen(function* () {
    const server = yield* MemoryPostgres
    const [keys, slot] = [yield* lakeKeys, server.slots.find(slotName)?.confirmed]
    const error = yield* failureOf(program)
    assert.strictEqual(error.reason, expected.reason)
    assert.strictEqual(Runtime.getErrorExitCode(error), expected.code)
    const pattern = expected.says.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("[^]*")
    assert.match(error.message, new RegExp(pattern))
    assert.deepStrictEqual(yield* lakeKeys, keys)
    assert.strictEqual(server.slots.find(slotName)?.confirmed, slot)
  })

/** A lake that has been written to. */
const written = Effect.gen(function* () {
  const all = yield* shop
  const lsn = yield* all.server.transact((tx) => tx.insert(all.clientes, ana))
  yield* cdcOnce
  return { ...all, lsn }
})

/** The watermark with one of its lines changed. */
const rewrite = (line: RegExp, text: string) =>
  Effect.flatMap(watermarkLines, (lines) =>
    put("inc/_watermark.txt", `${lines.map((one) => one.replace(line, text)).join("\n")}\n`),
  )

describe("cdc refuses", () => {
  it.effect("a slot that is missing although a watermark stands", () =>
    Effect.gen(function* () {
      const { server, lsn } = yield* written
      server.slots.drop(slotName)
      yield* refuses(cdcOnce, {
        code: 3,
        reason: "SlotGone",
        says: [`"${slotName}" does not exist`, Lsn.print(lsn), "choose an empty LAKE_URL", "`full`"],
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("a slot that goes missing while it runs", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* written
      yield* server.transact((tx) => tx.insert(clientes, bia))
      const dropping = Effect.map(ReplicationSlot, (slot) =>
        ReplicationSlot.of({
          ...slot,
          attach: Effect.tap(slot.attach, () => Effect.sync(() => server.slots.drop(slotName))),
        }),
      )
      const error = yield* failureOf(Effect.provideServiceEffect(cdcOnce, ReplicationSlot, dropping))
      assert.strictEqual(Runtime.getErrorExitCode(error), 3)
    }).pipe(Effect.provide(world())),
  )

  it.effect("a slot that the server has invalidated", () =>
    Effect.gen(function* () {
      const { server } = yield* written
      server.slots.lose(slotName)
      yield* refuses(cdcOnce, {
        code: 3,
        reason: "SlotLost",
        says: [`"${slotName}" is lost`, "max_slot_wal_keep_size", "drop the slot", "`full`"],
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("a slot that another consumer has moved past the watermark", () =>
    Effect.gen(function* () {
      const { server, clientes, lsn } = yield* written
      const other = yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* server.slots.advance(slotName, other)
      yield* refuses(cdcOnce, {
        code: 3,
        reason: "SlotAhead",
        says: [Lsn.print(other), Lsn.print(lsn), "Find that reader"],
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("a slot that another consumer moves just before it is read", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* written
      yield* server.transact((tx) => tx.insert(clientes, bia))
      const raced = Effect.map(ReplicationSlot, (slot) =>
        ReplicationSlot.of({
          ...slot,
          attach: Effect.map(slot.attach, (session) =>
            Option.map(session, (mine) => ({
              ...mine,
              peek: (request) =>
                Stream.unwrap(Effect.as(server.slots.advance(slotName, request.upTo), mine.peek(request))),
            })),
          ),
        }),
      )
      const [position] = yield* watermarkLines
      const error = yield* failureOf(Effect.provideServiceEffect(cdcOnce, ReplicationSlot, raced))
      assert.strictEqual(error.reason, "SlotAhead")
      assert.strictEqual((yield* watermarkLines)[0], position)
    }).pipe(Effect.provide(world())),
  )

  it.effect("a server whose log ends before the watermark", () =>
    Effect.gen(function* () {
      const { lsn } = yield* written
      const far = Lsn.Lsn.make(lsn + 0x1_0000_0000n)
      yield* rewrite(/^[0-9A-F]+\/[0-9A-F]+$/, Lsn.print(far))
      yield* refuses(cdcOnce, {
        code: 3,
        reason: "SourceBehind",
        says: [Lsn.print(lsn), Lsn.print(far), "To begin anew"],
      })
    }).pipe(Effect.provide(world())),
  )

  for (const [what, line, text, says] of [
    [
      "server",
      /^system_identifier=.*/,
      "system_identifier=1",
      'system_identifier) "1" instead of "7423642870011110000"',
    ],
    ["database", /^database=.*/, "database=outra", 'database "outra" instead of "loja"'],
    ["slot", /^slot=.*/, "slot=outro", 'slot "outro" instead of "data_sync_slot"'],
  ] as const) {
    it.effect(`a lake whose watermark belongs to another ${what}`, () =>
      Effect.gen(function* () {
        yield* written
        yield* rewrite(line, text)
        yield* refuses(cdcOnce, {
          code: 3,
          reason: "ForeignWatermark",
          says: [says, "choose another LAKE_URL"],
        })
      }).pipe(Effect.provide(world())),
    )
  }

  it.effect("a watermark that cannot be read", () =>
    Effect.gen(function* () {
      yield* shop
      yield* put("inc/_watermark.txt", "not a position\n")
      yield* refuses(cdcOnce, {
        code: 3,
        reason: "BrokenWatermark",
        says: [
          "inc/_watermark.txt cannot be read",
          "line 1 is not a position",
          "Put its last good version back",
        ],
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("a watermark that was cut short", () =>
    Effect.gen(function* () {
      yield* shop
      yield* put("inc/_watermark.txt", "0/16B3748\nslot=data_sy")
      yield* refuses(cdcOnce, {
        code: 3,
        reason: "BrokenWatermark",
        says: ["cut short", "confirmed_flush_lsn"],
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("a newest object that is not one of ours", () =>
    Effect.gen(function* () {
      yield* written
      const key = "inc/date=20251103/cdc_20251103_235959.csv"
      yield* put(key, "id,nome\n1,Ana\n")
      yield* refuses(cdcOnce, {
        code: 3,
        reason: "BrokenObject",
        says: [key, "does not begin with _op,_lsn,_seq", "move it out of the lake"],
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("a newest object that is empty", () =>
    Effect.gen(function* () {
      yield* written
      yield* put("inc/date=20251103/cdc_20251103_235959.csv", "")
      yield* refuses(cdcOnce, {
        code: 3,
        reason: "BrokenObject",
        says: ["it is empty", "restore it from a copy"],
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("another layout than the lake was begun with", () =>
    Effect.gen(function* () {
      yield* written
      yield* refuses(Effect.provide(cdcOnce, settings({ LAKE_LAYOUT: "datasets" })), {
        code: 3,
        reason: "OtherLayout",
        says: ["begun with LAKE_LAYOUT=single", "LAKE_LAYOUT=datasets is set", "Set LAKE_LAYOUT=single"],
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("a second table in a lake that was begun with one", () =>
    Effect.gen(function* () {
      yield* written
      yield* refuses(Effect.provide(cdcOnce, settings(twoTables)), {
        code: 3,
        reason: "OtherLayout",
        says: ["begun with one table", "clientes", "another LAKE_URL", "LAKE_LAYOUT=datasets"],
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("another table in a lake that was begun with one", () =>
    Effect.gen(function* () {
      yield* written
      yield* refuses(Effect.provide(cdcOnce, settings({ SOURCE_TABLES: "db_loja.pedido=pedidos" })), {
        code: 3,
        reason: "OtherLayout",
        says: ["begun with one table", "clientes", "another LAKE_URL"],
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("several tables in the layout of one", () =>
    Effect.gen(function* () {
      yield* shop
      yield* refuses(cdcOnce, {
        code: 3,
        reason: "OtherLayout",
        says: ["LAKE_LAYOUT=single holds one table", "names 2", "Set LAKE_LAYOUT=datasets"],
      })
    }).pipe(Effect.provide(world({ ...twoTables, LAKE_LAYOUT: "single" }))),
  )

  it.effect("to write beside another writer, where it is told not to wait", () =>
    Effect.gen(function* () {
      yield* shop
      yield* started(cdcForEver)
      yield* refuses(Pipeline.cdc({ once: true, noWait: true }), {
        code: 3,
        reason: "AnotherWriter",
        says: [`Another process writes from the slot "${slotName}"`, "without --no-wait"],
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("a line that it cannot read, and confirms nothing after it", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* written
      const lsn = server.log.end
      yield* server.transact((tx) => {
        tx.print("table db_loja.cliente: INSERT: id[integer]:1 nome[character varying]:'secret")
      })
      yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* refuses(cdcOnce, {
        code: 3,
        reason: "MalformedLine",
        says: [`line at ${Lsn.print(lsn)}`, "after `table db_loja.cliente: INSERT:`", "Report this line"],
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("that line without showing a value of it", () =>
    Effect.gen(function* () {
      const { server } = yield* written
      yield* server.transact((tx) => {
        tx.print("table db_loja.cliente: INSERT: id[integer]:1 nome[character varying]:'secret")
      })
      assert.notInclude((yield* failureOf(cdcOnce)).message, "secret")
    }).pipe(Effect.provide(world())),
  )

  it.effect("that line with the names in it as people write them", () =>
    Effect.gen(function* () {
      const { server } = yield* written
      yield* server.transact((tx) => tx.print('table db_loja."Ação": INSERT: x'))
      yield* refuses(cdcOnce, {
        code: 3,
        reason: "MalformedLine",
        says: ['after `table db_loja."Ação": INSERT:`'],
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("a line of several megabytes that it cannot read", () =>
    Effect.gen(function* () {
      const { server } = yield* written
      yield* server.transact((tx) => {
        tx.print(`table db_loja.cliente: INSERT: id[integer]:1 nome[text]:'${"secret".repeat(500_000)}`)
      })
      yield* refuses(cdcOnce, { code: 3, reason: "MalformedLine", says: ["a quote that is not closed"] })
    }).pipe(Effect.provide(world())),
  )

  it.effect("a COMMIT where no transaction is open", () =>
    Effect.gen(function* () {
      const { server } = yield* written
      yield* server.transact((tx) => tx.print("COMMIT 5 (at 2025-11-03 10:15:30+00)"))
      yield* refuses(cdcOnce, {
        code: 3,
        reason: "MalformedLine",
        says: ["BEGIN is expected before it"],
      })
    }).pipe(Effect.provide(world())),
  )
})

describe("cdc needs somebody's help (2)", () => {
  it.effect("where the slot is missing and nothing has been written yet", () =>
    Effect.gen(function* () {
      const server = yield* MemoryPostgres
      server.createTable(cliente)
      yield* refuses(cdcOnce, { code: 2, reason: "SlotMissing", says: [slotName, "main.js init"] })
    }).pipe(Effect.provide(world())),
  )
})

describe("init refuses", () => {
  it.effect("to create a slot again from which the lake was written: it would begin with a gap", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      yield* cdcOnce
      server.slots.drop(slotName)
      const error = yield* failureOf(init)
      assert.strictEqual(error._tag === "Refusal" ? error.reason : error._tag, "SlotGone")
      assert.isUndefined(server.slots.find(slotName))
    }).pipe(Effect.provide(world())),
  )
})

describe("full refuses", () => {
  it.effect("another layout than the lake was begun with", () =>
    Effect.gen(function* () {
      yield* written
      yield* refuses(Effect.provide(Pipeline.full, settings(twoTables)), {
        code: 3,
        reason: "OtherLayout",
        says: ["begun with one table", "another LAKE_URL"],
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("a second table where only a copy of one stands in the lake", () =>
    Effect.gen(function* () {
      yield* shop
      yield* Pipeline.full
      yield* refuses(Effect.provide(Pipeline.full, settings(twoTables)), {
        code: 3,
        reason: "OtherLayout",
        says: ["begun with one table", "clientes", "another LAKE_URL"],
      })
    }).pipe(Effect.provide(world())),
  )

  for (const [what, line, text, says] of [
    ["server", /^system_identifier=.*/, "system_identifier=1", '"1" instead of'],
    ["database", /^database=.*/, "database=outra", 'database "outra"'],
  ] as const) {
    it.effect(`a lake whose watermark belongs to another ${what}`, () =>
      Effect.gen(function* () {
        yield* written
        yield* rewrite(line, text)
        yield* refuses(Pipeline.fullInto({ isNewSource: true }), {
          code: 3,
          reason: "ForeignWatermark",
          says: [says, "choose another LAKE_URL"],
        })
      }).pipe(Effect.provide(world())),
    )
  }

  /** A lake without a watermark, whose copy is of another database. */
  const copiedElsewhere = Effect.gen(function* () {
    yield* shop
    yield* Pipeline.full
    for (const key of (yield* lakeKeys).filter((one) => one.endsWith(".json"))) {
      yield* put(key, (yield* textOf(key)).replace('"database": "loja"', '"database": "outra"'))
    }
  })

  it.effect("a lake whose newest copy is of another database", () =>
    Effect.gen(function* () {
      yield* copiedElsewhere
      yield* refuses(Pipeline.full, {
        code: 3,
        reason: "ForeignWatermark",
        says: ['"clientes"', 'database "outra"', 'not of "loja"', "--new-source"],
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("that not where it is told that the source is a new one", () =>
    Effect.gen(function* () {
      yield* copiedElsewhere
      yield* Pipeline.fullInto({ isNewSource: true })
      yield* Pipeline.full
    }).pipe(Effect.provide(world())),
  )

  it.effect("a watermark that cannot be read", () =>
    Effect.gen(function* () {
      yield* shop
      yield* put("inc/_watermark.txt", "not a position\n")
      yield* refuses(Pipeline.full, {
        code: 3,
        reason: "BrokenWatermark",
        says: ["cannot be read", "Put its last"],
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("with 2 a table that is not there", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      server.dropTable(clientes)
      yield* refuses(Pipeline.full, {
        code: 2,
        reason: "SchemaOrTableMissing",
        says: ["cliente", "SOURCE_TABLES"],
      })
    }).pipe(Effect.provide(world())),
  )
})
