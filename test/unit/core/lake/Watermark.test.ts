import { assert, describe, it } from "@effect/vitest"
import { Option, Result } from "effect"
import * as Lsn from "../../../../src/core/Lsn.ts"
import * as Watermark from "../../../../src/core/lake/Watermark.ts"
import { parse } from "../../../../src/core/lake/WatermarkText.ts"

const lsn = Lsn.Lsn.make

const whole: Watermark.Watermark = {
  position: lsn(0x16b3748n),
  slot: Option.some("data_sync_slot"),
  database: Option.some("loja = a"),
  systemIdentifier: Option.some("7423642870011110000"),
  timeline: Option.some(2),
  layout: Option.some("single"),
  root: Option.some("clientes"),
  writtenAt: Option.some("2025-11-03T10:15:40.123Z"),
  lastCommit: Option.some({ lsn: lsn(0x16b3700n), xid: 734, at: "2025-11-03 10:15:40.001234+00" }),
  epoch: Option.some(3),
  writer: Option.some("6f1c9a52-3c5e-4a58-9d0c-2a7b7f0f7a11"),
  next: Option.some({ stamp: { second: "20251103_101542", count: 2 }, ending: ".csv.gz" }),
  clean: Option.some(false),
  objects: new Map([["clientes", "inc/clientes/date=20251103/cdc_20251103_101540.csv"]]),
  tables: new Map([["clientes", { name: '"Minha loja".cliente', oid: 16402 }]]),
  catalog: new Map([["clientes", { table: 731, schema: 2 ** 32 - 1, endedBelow: 2n ** 40n }]]),
  from: new Map([
    ["clientes", { lsn: lsn(0x16b3000n), since: Option.none() }],
    ["pedidos", { lsn: lsn(0x16b3100n), since: Option.some({ xid: 2n ** 40n, reason: "unknown relation" }) }],
  ]),
  files: new Map([["clientes", { file: "16402", columns: "9f86d081884c7d65" }]]),
  schemas: new Map([["clientes", "inc/clientes/date=20251103/_schema_clientes_20251103_101540.json"]]),
  masks: new Map([["clientes", "0123456789abcdef".repeat(4)]]),
  masked: new Map([
    [
      "clientes",
      { names: ['"a=b"."\n\r"'], oids: [16402, 16403], oid: 16402, columns: { "3": "c\u2028pf" } },
    ],
  ]),
  leaves: new Map([["clientes", { count: 3, hash: "9f86d081884c7d65", snapshot: "731:740:733,735" }]]),
  left: new Map([["antigos", lsn(0x16b2000n)]]),
}
const why = (text: string) => Result.getOrThrow(Result.flip(parse(text)))

describe("the watermark", () => {
  it("begins with the plain position, as PostgreSQL prints it", () => {
    assert.isTrue(Watermark.print(whole).startsWith("0/16B3748\nslot=data_sync_slot\n"))
  })

  it("is read back as it was written", () => {
    assert.deepStrictEqual(parse(Watermark.print(whole)), Result.succeed(whole))
  })

  it.each(["a\nb\r", "a%0Ab", "%%0D%25%250A", "%\n%", "a\u2028b\u2029", "a=b c"])(
    "keeps the name %j of a table and a database, on one line",
    (name) => {
      const database = Option.some(name)
      const odd = { ...whole, database, tables: new Map([["t", { name: `"${name}".t`, oid: 1 }]]) }
      const text = Watermark.print(odd)
      assert.strictEqual(text.split("\n").length, Watermark.print(whole).split("\n").length)
      assert.deepStrictEqual(parse(text), Result.succeed(odd))
    },
  )

  it("is read back with whatever else a table's name may hold", () => {
    for (const name of ["a\u2028b.t", '"x 7".t', "a\u2029 1", "a=b.t", " .t"]) {
      const odd = { ...whole, tables: new Map([["t", { name, oid: 1 }]]) }
      assert.deepStrictEqual(parse(Watermark.print(odd)), Result.succeed(odd))
    }
  })

  it("is refused where a line holds a carriage return that does not end it", () => {
    assert.strictEqual(why("0/1\ndatabase=a\rb\n"), "line 2 holds a carriage return")
  })

  it("is refused where it says one thing twice, even the same", () => {
    assert.strictEqual(why("0/1\nepoch=3\nslot=s\nepoch=3\n"), "line 4 says epoch again")
  })

  it("is whole with its first line alone, with or without a line end", () => {
    for (const text of ["0/16B3748", "0/16B3748\n", "0/16B3748\r\n"]) {
      assert.deepStrictEqual(Result.getOrThrow(parse(text)), Watermark.bare(whole.position))
    }
  })

  it("passes over keys of later versions", () => {
    assert.deepStrictEqual(parse(`${Watermark.print(whole)}checksum=1\n`), Result.succeed(whole))
  })

  it("is refused when it is cut anywhere behind its first line", () => {
    const text = Watermark.print(whole)
    for (let end = text.indexOf("\n") + 2; end < text.length; end++) {
      assert.isTrue(Result.isFailure(parse(text.slice(0, end))) || text[end - 1] === "\n", `cut at ${end}`)
    }
  })

  it("is refused when it is empty or something else", () => {
    assert.include(why(""), "line 1")
    assert.include(why("hello"), "line 1")
    assert.include(why("0/0\nslot\n"), "line 2")
  })

  for (const line of [
    "layout=triple",
    "timeline=one",
    "last_commit=0/16B3700",
    "epoch=-1",
    "epoch=03",
    "writer=me",
    "next=20251103_101599.csv",
    "next=20251103_101540_0000.csv",
    "next=20251103_101540_0001.csv",
    "table.clientes=db_loja.cliente",
    "clean=perhaps",
    "from.clientes=0/0 7 because",
    "from.clientes=0/0 07 new",
    "from.clientes=0/0 18446744073709551616 new",
    "last_commit=0/0 0734 2025-11-03 10:15:40+00",
    "last_commit=0/0 4294967296 2025-11-03 10:15:40+00",
    "table.clientes=db_loja.cliente 4294967296",
    "table.clientes=%251A 7",
    "database=%250",
    "left.clientes=never",
    "catalog.clientes=731",
    "catalog.clientes=731 712",
    "catalog.clientes=731 712 731 7",
    "catalog.clientes=4294967296 712 731",
    "catalog.clientes=731 0712 731",
    "catalog.clientes=731 712 18446744073709551616",
    "catalog.clientes=731 712 -1",
    "mask.clientes=3f2a",
    "masked.clientes={}",
    `mask.clientes=${"G".repeat(64)}`,
  ]) {
    it(`is refused where it says ${line}`, () => {
      assert.include(why(`0/0\n${line}\n`), line.slice(0, line.indexOf("=")))
    })
  }
})
